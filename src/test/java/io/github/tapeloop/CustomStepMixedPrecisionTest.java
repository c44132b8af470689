package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.tape.GradientTape;
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

/** A step of the user's learns the same in each precision: w starts as 1 and its gradient is 1, in each step. */
class CustomStepMixedPrecisionTest {

    private static final Loss MEAN = (tf, target, prediction) ->
            tf.math.mean(tf.reshape(prediction, tf.constant(new int[] {-1})), tf.constant(0));

    /** Where the optimizer comes from. */
    private enum Known {
        AS_THE_TRAINERS_OWN,
        INCLUDED,
        BY_THE_STEP_ALONE
    }

    private static Batches ones(int examples) {
        float[][] x = new float[examples][1];
        for (float[] row : x) {
            row[0] = 1;
        }
        return Dataset.of(x).batch(1);
    }

    private static Model one() {
        return Sequential.of(new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.ones())));
    }

    private static CustomStep minimizing(Model model, Optimizer optimizer) {
        return (step, batch) -> {
            Ops tf = step.tf();
            try (GradientTape tape = step.tape()) {
                Operand<TFloat32> loss = MEAN.call(tf, null, step.training().call(model, batch.input(tf)));
                step.minimize(optimizer, tape, loss, model.trainableVariables());
                return Map.of("loss", loss);
            }
        };
    }

    private static CustomStep applying(Model model, Optimizer optimizer) {
        return (step, batch) -> {
            Ops tf = step.tf();
            try (GradientTape tape = step.tape()) {
                Operand<TFloat32> loss = MEAN.call(tf, null, step.training().call(model, batch.input(tf)));
                optimizer.apply(tf, tape.gradients(loss, model.trainableVariables()));
                return Map.of("loss", loss);
            }
        };
    }

    private static List<Double> weight(Trainer trainer) {
        return Everything.variables(trainer).entrySet().stream()
                .filter(entry -> entry.getKey().startsWith("model/"))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow();
    }

    static Stream<Arguments> ways() {
        return Stream.of(Mode.values()).flatMap(mode -> Stream.of(DtypePolicy.values())
                .flatMap(precision -> Stream.of(Known.values()).map(known -> Arguments.of(mode, precision, known))));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aStepThatMinimizesMovesTheWeightByTheWholeRate(Mode mode, DtypePolicy precision, Known known) {
        Sgd sgd = new Sgd(1);
        Model model = one();
        TrainerBuilder builder = Trainer.of(model).precision(precision).step(minimizing(model, sgd));
        switch (known) {
            case AS_THE_TRAINERS_OWN -> builder.optimizer(sgd);
            case INCLUDED -> builder.includes(sgd);
            case BY_THE_STEP_ALONE -> {}
        }
        try (Trainer trainer = mode.of(builder).build()) {
            try (Batch batch = Batch.of(new float[][] {{1}})) {
                trainer.trainOnBatch(batch);
                assertEquals(List.of(0.0), weight(trainer));
                assertEquals(List.of(), trainer.preflight(batch).findings());
            }
            trainer.fit(ones(2 * Mode.STEPS), Fit.epochs(1));
            assertEquals(List.of(-2.0 * Mode.STEPS), weight(trainer));
            assertEquals(precision == DtypePolicy.MIXED_FLOAT16, sgd.scalesLoss(), "float16 needs its losses scaled");
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void gradientsOfALossThatWasNotScaledAreRefused(Mode mode) {
        for (boolean ownScale : new boolean[] {false, true}) {
            Sgd sgd = new Sgd(1);
            if (ownScale) {
                sgd.setLossScale(LossScale.dynamic());
            }
            Model model = one();
            DtypePolicy precision = ownScale ? DtypePolicy.FULL : DtypePolicy.MIXED_FLOAT16;
            TrainerBuilder builder =
                    Trainer.of(model).precision(precision).optimizer(sgd).step(applying(model, sgd));
            try (Trainer trainer = mode.of(builder).build();
                    Batch batch = Batch.of(new float[][] {{1}})) {
                for (int i = 0; i < 3; i++) {
                    IllegalStateException error =
                            assertThrows(IllegalStateException.class, () -> trainer.trainOnBatch(batch));
                    assertTrue(
                            error.getMessage().contains("step.minimize(optimizer, tape, loss, variables)"),
                            error.getMessage());
                    assertEquals(List.of(1.0), weight(trainer));
                }
                IllegalStateException error = assertThrows(
                        IllegalStateException.class, () -> trainer.fit(ones(2 * Mode.STEPS), Fit.epochs(1)));
                assertTrue(error.getMessage().contains("step.minimize"), error.getMessage());
                assertEquals(List.of(1.0), weight(trainer));
            }
        }
    }

    /** The scale that one step asked for and did not use is none for the next. */
    @ParameterizedTest
    @EnumSource(Mode.class)
    void aScaledLossThatFailedIsNoLicenceForAnotherThatIsNotScaled(Mode mode) {
        Sgd sgd = new Sgd(1);
        Model model = one();
        boolean[] fails = {true};
        CustomStep step = (run, batch) -> {
            if (fails[0]) {
                sgd.scaleLoss(run.tf(), run.tf().constant(1f));
                throw new IllegalStateException("on purpose");
            }
            return applying(model, sgd).run(run, batch);
        };
        TrainerBuilder builder = Trainer.of(model)
                .precision(DtypePolicy.MIXED_FLOAT16)
                .optimizer(sgd)
                .step(step);
        try (Trainer trainer = mode.of(builder).build();
                Batch batch = Batch.of(new float[][] {{1}})) {
            assertThrows(IllegalStateException.class, () -> trainer.trainOnBatch(batch));
            fails[0] = false;
            IllegalStateException error = assertThrows(IllegalStateException.class, () -> trainer.trainOnBatch(batch));
            assertTrue(error.getMessage().contains("step.minimize"), error.getMessage());
            assertEquals(List.of(1.0), weight(trainer));
        }
    }
}
