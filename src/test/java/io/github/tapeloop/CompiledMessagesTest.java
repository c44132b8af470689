package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** A step that fails in a graph says of it what it says op by op: the op, its layer, its inputs, the cure. */
class CompiledMessagesTest {

    /** A batch that fails. */
    private enum Failure {
        LABEL,
        ID,
        CHECK,
        USER
    }

    /** Who takes it. */
    private enum Call {
        FIT((trainer, data) -> trainer.fit(data, Fit.epochs(1))),
        EVALUATE(Trainer::evaluate),
        PREDICT(Trainer::predict);

        private final BiConsumer<Trainer, Batches> call;

        Call(BiConsumer<Trainer, Batches> call) {
            this.call = call;
        }
    }

    private static final int ROWS = 6;

    /** Lets numbers pass that are finite. */
    private static final class Checked extends Layer {
        private final boolean mine;

        Checked(boolean mine) {
            this.mine = mine;
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            if (mine) {
                throw new IllegalArgumentException("the layer's own words");
            }
            return pass.tf(this).debugging.checkNumerics(x, "found");
        }
    }

    private static Batches data(Failure failure, boolean good) {
        int[][] ids = new int[ROWS][2];
        int[] labels = new int[ROWS];
        if (!good) {
            switch (failure) {
                case LABEL -> labels[3] = 3;
                case ID -> ids[3][1] = 999;
                case CHECK -> ids[3][0] = 5;
                case USER -> {}
            }
        }
        return Dataset.of(new Columns().input(ColumnData.of(ids)).target(ColumnData.of(labels)))
                .batch(1);
    }

    private static TrainerBuilder builder(Failure failure, boolean custom) {
        Sequential model = Sequential.of(
                new Embedding(6, 2)
                        .embeddings(w -> w.initializer((tf, shape, type, seed) -> {
                            float[] values = new float[12];
                            Arrays.fill(values, 0.5f);
                            values[10] = Float.NaN;
                            return tf.reshape(tf.constant(values), tf.constant(new int[] {6, 2}));
                        })),
                failure == Failure.CHECK || failure == Failure.USER
                        ? new Checked(failure == Failure.USER)
                        : new Dropout(0.5),
                new Flatten(),
                new Dense(3));
        Loss loss = SparseCategoricalCrossentropy.fromLogits();
        Optimizer sgd = new Sgd(0.1);
        TrainerBuilder builder = Trainer.of(model).loss(loss).optimizer(sgd);
        return !custom
                ? builder
                : builder.step((step, batch) -> {
                    try (GradientTape tape = step.tape()) {
                        ForwardPass pass = step.training();
                        Operand<TFloat32> value = pass.totalLoss(loss.call(
                                step.tf(), batch.target(step.tf()), pass.call(model, batch.input(step.tf()))));
                        step.minimize(sgd, tape, value, model.trainableVariables());
                        return Map.of("loss", value);
                    }
                });
    }

    static Stream<Arguments> failures() {
        return Stream.of(Failure.values()).flatMap(failure -> Stream.of(Call.values())
                .filter(call -> failure != Failure.LABEL || call != Call.PREDICT)
                .flatMap(call -> Stream.of(false, true).map(custom -> Arguments.of(failure, call, custom))));
    }

    private static String message(Way way, Failure failure, Call call, boolean custom) {
        try (Trainer trainer = way.of(builder(failure, custom)).threads(1, 1).build()) {
            if (failure != Failure.USER) {
                call.call.accept(trainer, data(failure, true));
            }
            Map<String, Object> before = Everything.of(trainer);
            String message = assertThrows(RuntimeException.class, () -> call.call.accept(trainer, data(failure, false)))
                    .getMessage();
            if (call == Call.PREDICT && failure != Failure.USER) {
                assertEquals(before, Everything.of(trainer));
            }
            return message;
        }
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aGraphSaysWhatOpsSay(Failure failure, Call call, boolean custom) {
        String eager = message(Way.EAGER, failure, call, custom);
        List<String> words =
                switch (failure) {
                    case LABEL -> List.of("label value of 3", "[0, 3)", "Count classes from 0");
                    case ID -> List.of("'sequential/embedding/", "= 999 is not in [0, 6)", "inputDim");
                    case CHECK -> List.of("'sequential/checked/CheckNumerics'", "found", "float32 [1, 2, 2]");
                    case USER -> List.of("the layer's own words");
                };
        words.forEach(word -> assertTrue(eager.contains(word), word + " in " + eager));
        assertEquals(eager, message(Way.COMPILED, failure, call, custom));
        String several = message(Way.SEVERAL_STEPS_PER_CALL, failure, call, custom);
        assertTrue(several.startsWith(eager), several + " after " + eager);
        assertFalse(several.contains("function_node"), several);
        boolean inALoop = call == Call.FIT && failure != Failure.USER;
        assertEquals(inALoop, several.contains("0 of the 3 steps of this call were taken, and are whole"), several);
    }

    /** Its function knows no layer. */
    @ParameterizedTest
    @EnumSource
    void anOpOfALambdaIsNamedAfterIt(Way way) {
        Sequential model = Sequential.of(
                new Lambda((pass, x) ->
                        pass.tf().debugging.checkNumerics(pass.tf().math.log(x), "found")),
                new Dense(1));
        Batches data = Dataset.of(new float[][] {{-1}, {1}}, new float[2][1]).batch(2);
        try (Trainer trainer = way.of(
                        Trainer.of(model).loss(new MeanSquaredError()).optimizer(new Sgd()))
                .threads(1, 1)
                .build()) {
            String message = assertThrows(RuntimeException.class, () -> trainer.fit(data, Fit.epochs(1)))
                    .getMessage();
            assertTrue(message.contains("'sequential/lambda/CheckNumerics' failed: found"), message);
        }
    }

    @Test
    void aLossThatIsNotOneNumberIsToldWhatToDo() {
        Loss each = (tf, target, prediction) -> prediction;
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1)))
                .loss(each)
                .optimizer(new Sgd())
                .build()) {
            String message = assertThrows(
                            RuntimeException.class,
                            () -> trainer.fit(
                                    Dataset.of(new float[2][3], new float[2][1]).batch(2), Fit.epochs(1)))
                    .getMessage();
            assertTrue(message.contains("float32 [2, 1]") && message.contains("extends PerSampleLoss"), message);
        }
    }

    @Test
    void aListOfAllLabelsIsCut() {
        int[] labels = new int[500];
        Arrays.setAll(labels, i -> i % 2 == 0 ? 1000 + i : 0);
        try (Trainer trainer = Problems.trainer()) {
            String message = assertThrows(
                            RuntimeException.class,
                            () -> trainer.fit(
                                    Dataset.of(new float[500][4], labels).batch(500), Fit.epochs(1)))
                    .getMessage();
            assertTrue(message.contains("…"), message);
            assertTrue(message.length() < 500, message.length() + ": " + message);
        }
    }
}
