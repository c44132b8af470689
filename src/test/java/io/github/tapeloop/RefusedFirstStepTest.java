package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.OptimizerKind;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Every optimizer whose first steps are refused, by the guard or by its loss scale: nothing has changed, to the bit, nor by what
 * optimizers do at the end of a run, and what follows is the same op by op as compiled.
 */
class RefusedFirstStepTest {

    private static final int ROWS = 4;

    static Stream<Arguments> optimizers() {
        return Setters.parts(Optimizer.class)
                .flatMap(type -> Stream.of(true, false).map(guarded -> Arguments.of(type, guarded)));
    }

    private static Batches batches(boolean finite) {
        float[][] x = new float[ROWS][2];
        float[][] y = new float[ROWS][1];
        for (int i = 0; i < ROWS; i++) {
            x[i][0] = finite ? (float) Math.sin(i) : Float.POSITIVE_INFINITY;
            x[i][1] = (float) Math.cos(2 * i);
            y[i][0] = x[i][1];
        }
        return Dataset.of(x, y).batch(2);
    }

    private static float[] weights(Trainer trainer) {
        List<Variable<?>> variables = new ArrayList<>();
        trainer.model().variables().forEach(variables::add);
        assertEquals(1, variables.size());
        return variables.get(0).toFloats();
    }

    private static void halve(Trainer trainer) {
        Ops tf = trainer.session().tf();
        try (TensorScope scope = trainer.session().scope()) {
            trainer.model().variables().forEach(variable -> halve(tf, variable));
        }
    }

    @SuppressWarnings("unchecked") // Weights are float32.
    private static void halve(Ops tf, Variable<?> variable) {
        Variable<TFloat32> weight = (Variable<TFloat32>) variable;
        weight.assign(tf, tf.math.mul(weight.read(tf), tf.constant(0.5f)));
    }

    /** The weights after steps that were refused, and after others that were not. */
    private static List<float[]> weights(Mode mode, Class<? extends Optimizer> type, boolean guarded)
            throws ReflectiveOperationException {
        Optimizer optimizer = OptimizerKind.make(type).with(MovingAverage.of(0.3));
        if (!guarded) {
            optimizer.setLossScale(LossScale.dynamic());
        }
        Fit fit = Fit.epochs(1);
        Trainer made = mode.of(Trainer.of(Sequential.of(new Dense(1).useBias(false)))
                        .loss(new MeanSquaredError())
                        .optimizer(optimizer)
                        .threads(1, 1)
                        .seed(3))
                .build();
        try (Trainer trainer = made) {
            trainer.predict(batches(true));
            float[] first = weights(trainer);
            trainer.fit(batches(false), guarded ? fit.onNonFinite(NonFinite.skip()) : fit);
            assertArrayEquals(first, weights(trainer), "nothing was updated");
            optimizer.swapAverages();
            assertArrayEquals(first, weights(trainer), "nothing was averaged");
            optimizer.swapAverages();
            halve(trainer);
            trainer.fit(batches(true), fit);
            float[] trained = weights(trainer);
            optimizer.useAverages();
            return List.of(first, trained, weights(trainer));
        }
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void refusedStepsChangeNothingAndLeaveTheSameInEveryMode(Class<? extends Optimizer> type, boolean guarded)
            throws ReflectiveOperationException {
        List<float[]> expected = weights(Mode.CACHED, type, guarded);
        assertEquals(false, Arrays.equals(expected.get(0), expected.get(1)), "it learns");
        List<float[]> compiled = weights(Mode.COMPILED, type, guarded);
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), compiled.get(i), "weights " + i);
        }
    }
}
