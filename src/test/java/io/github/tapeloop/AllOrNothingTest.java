package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Row;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A step that fails leaves variables, moving averages, counters and metrics as they were, however it is run. */
class AllOrNothingTest {

    /** Hands on its input unless it is not finite: the failure of a NaN check in the middle of a model. */
    private static final class Check extends Layer {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return pass.tf()
                    .scope()
                    .opBuilder("CheckNumerics", "Check")
                    .addInput(x.asOutput())
                    .setAttr("message", "not finite")
                    .build()
                    .output(0);
        }
    }

    /** The ways in which a step can fail, by what is in the batch. */
    private enum Way {
        LABEL,
        ID,
        NOT_FINITE,
        CALLBACK,
        DATA
    }

    /** A step in which two optimizers update one after the other, and the second half may fail. */
    private static CustomStep twice(Model model, Loss loss, Optimizer first, Optimizer second) {
        return (step, batch) -> {
            Ops tf = step.tf();
            try (GradientTape tape = step.tape()) {
                Operand<TFloat32> value = tf.math.mean(
                        tf.math.square(step.training().call(model, batch.input(tf))), tf.constant(new int[] {0, 1}));
                step.minimize(first, tape, value, model.trainableVariables());
            }
            try (GradientTape tape = step.tape()) {
                Operand<TFloat32> value =
                        loss.call(tf, batch.target(tf), step.training().call(model, batch.input(tf)));
                step.minimize(second, tape, value, model.trainableVariables());
                return Map.of("loss", value);
            }
        };
    }

    /** Two ids and a number an example. */
    private static final class Mixed extends Model {
        private final Embedding table = layer(new Embedding(5, 3));
        private final Flatten flat = layer(new Flatten());
        private final Check check = layer(new Check());
        private final Concatenate both = layer(new Concatenate());
        private final BatchNormalization norm = layer(new BatchNormalization());
        private final Dense logits = layer(new Dense(3));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> ids = tf.slice(x, tf.constant(new int[] {0, 0}), tf.constant(new int[] {-1, 2}));
            Operand<TFloat32> number = tf.slice(x, tf.constant(new int[] {0, 2}), tf.constant(new int[] {-1, 1}));
            Operand<TFloat32> all =
                    both.call(pass, List.of(flat.call(pass, table.call(pass, ids)), check.call(pass, number)));
            return logits.call(pass, norm.call(pass, all));
        }
    }

    private static Trainer trainer(Mode mode, boolean custom) {
        Model model = new Mixed();
        Loss loss = SparseCategoricalCrossentropy.fromLogits();
        Optimizer adam = new Adam(0.1).with(Clip.globalNorm(1));
        TrainerBuilder builder = Trainer.of(model).threads(1, 1).seed(3).metrics(new SparseCategoricalAccuracy());
        if (custom) {
            Optimizer sgd = new Sgd(0.1);
            builder.step(twice(model, loss, sgd, adam)).includes(sgd, adam);
        } else {
            builder.loss(loss).optimizer(adam);
        }
        return mode.of(builder).build();
    }

    static Stream<Arguments> failures() {
        return Stream.of(Mode.values()).flatMap(mode -> Stream.of(Way.values())
                .flatMap(way -> Stream.of(true, false).map(custom -> Arguments.of(mode, way, custom))));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aStepThatFailsChangesNothingAndTheNextOneIsRight(Mode mode, Way way, boolean custom) {
        int steps = mode == Mode.LOOP ? Mode.STEPS : 1;
        try (Trainer trainer = trainer(mode, custom);
                Trainer other = trainer(mode, custom)) {
            for (Trainer each : List.of(trainer, other)) {
                each.fit(good(3 * steps), Fit.epochs(1));
            }
            assertEquals(Everything.of(other), Everything.of(trainer), "the same before");
            int failingStep = mode == Mode.LOOP ? 2 : 0;
            fail(trainer, way, steps, failingStep);
            // The steps before the one that fails, of those in one call, are whole.
            int whole = way == Way.CALLBACK ? steps : mode == Mode.LOOP && way != Way.DATA && !custom ? failingStep : 0;
            if (whole > 0) {
                other.fit(good(steps).take(whole), Fit.epochs(1));
            }
            if (whole == 0) {
                scores(trainer).forEach((path, values) -> assertEquals(zeros(values), values, path));
            } else {
                assertEquals(scores(other), scores(trainer));
            }
            assertEquals(lasting(other), lasting(trainer), "as if nothing had been tried");
            for (Trainer each : List.of(trainer, other)) {
                each.fit(good(2 * steps), Fit.epochs(1));
            }
            assertEquals(lasting(other), lasting(trainer), "the same afterwards");
        }
    }

    /** A snapshot costs a read of each variable, and a copy of what is then written: steps that need none take none. */
    @ParameterizedTest
    @MethodSource("modes")
    void onlyAStepThatWritesBeforeItsEndTakesASnapshot(Mode mode, boolean custom) {
        int[] snapshots = {0};
        try (Trainer trainer = trainer(mode, custom)) {
            trainer.state().register("probe", out -> snapshots[0]++, in -> {});
            trainer.fit(good(8), Fit.epochs(1));
        }
        assertEquals(custom, snapshots[0] > 0, snapshots[0] + " snapshots");
    }

    /** Its loss has a part that takes long, fails, and has nothing to do with the gradients of most weights. */
    private static final class Slow extends Model {
        private final Dense logits = layer(new Dense(3));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> product = tf.fill(tf.constant(new int[] {200, 200}), tf.constant(0.005f));
            for (int i = 0; i < 20; i++) {
                product = tf.linalg.matMul(product, product);
            }
            Operand<TFloat32> one = tf.math.mean(product, tf.constant(new int[] {0, 1}));
            Operand<TFloat32> number = tf.math.mul(one, tf.math.mean(x, tf.constant(new int[] {0, 1})));
            pass.addLoss(tf.math.neg(new Check().call(pass, number)));
            return logits.call(pass, x);
        }
    }

    /** Gradients that nothing can stop are there long before the check: an update that waited for them alone would happen. */
    @ParameterizedTest
    @EnumSource(Mode.class)
    void updatesWaitForWhatTakesLongerThanTheirGradients(Mode mode) {
        int steps = mode == Mode.LOOP ? Mode.STEPS : 1;
        try (Trainer trainer = mode.of(Trainer.of(new Slow())
                        .loss(SparseCategoricalCrossentropy.fromLogits())
                        .optimizer(new Adam(0.1)))
                .build()) {
            trainer.fit(good(3 * steps), Fit.epochs(1));
            Map<String, Object> before = lasting(trainer);
            for (int i = 0; i < 5; i++) {
                fail(trainer, Way.NOT_FINITE, steps, 0);
                assertEquals(before, lasting(trainer));
            }
        }
    }

    static Stream<Arguments> modes() {
        return Stream.of(Mode.OP_BY_OP, Mode.CACHED, Mode.COMPILED, Mode.LOOP)
                .flatMap(mode -> Stream.of(true, false).map(custom -> Arguments.of(mode, custom)));
    }

    /** What an epoch begins anew. */
    private static Map<String, Object> scores(Trainer trainer) {
        Map<String, Object> all = Everything.of(trainer);
        all.keySet().removeIf(path -> !path.startsWith("scores/"));
        return all;
    }

    private static Object zeros(Object values) {
        return ((List<?>) values).stream().map(value -> 0.0).toList();
    }

    /** All but the scores, and the number of epochs: one that failed is none. */
    private static Map<String, Object> lasting(Trainer trainer) {
        Map<String, Object> all = Everything.of(trainer);
        all.keySet().removeIf(path -> path.startsWith("scores/") || path.equals("loop/next_order"));
        return all;
    }

    private static float[][] inputs(int examples) {
        float[][] x = new float[examples][3];
        for (int i = 0; i < examples; i++) {
            x[i][0] = i % 5;
            x[i][1] = (i + 1) % 3;
            x[i][2] = i % 7;
        }
        return x;
    }

    private static int[] labels(int examples) {
        int[] y = new int[examples];
        Arrays.setAll(y, i -> i % 3);
        return y;
    }

    private static Batches good(int steps) {
        return Dataset.of(inputs(2 * steps), labels(2 * steps)).batch(2);
    }

    private static void fail(Trainer trainer, Way way, int steps, int failingStep) {
        float[][] x = inputs(2 * steps);
        int[] y = labels(2 * steps);
        int row = 2 * failingStep + 1;
        Callback callback = new Callback() {};
        boolean noData = way == Way.DATA;
        switch (way) {
            case LABEL -> y[row] = 7;
            case ID -> x[row][0] = 9;
            case NOT_FINITE -> x[row][2] = Float.NaN;
            case CALLBACK ->
                callback = Callback.trainBatchEnd((run, event) -> {
                    throw new IllegalStateException("mine");
                });
            case DATA -> {}
        }
        Dataset data = Dataset.of(x, y);
        Batches batches = (noData ? data.filter(AllOrNothingTest::broken) : data).batch(2);
        Callback told = callback;
        assertThrows(
                RuntimeException.class, () -> trainer.fit(batches, Fit.epochs(1).callbacks(told)));
    }

    private static boolean broken(Row example) {
        throw new IllegalStateException("no data");
    }
}
