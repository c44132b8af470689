package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.OptimizerKind;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients from less than a normal float32 to the largest there is: a step gives the same op by op as compiled, to the bit. */
class EdgeNumbersTest {

    private static final float[] SIZES = {1e-42f, 1e-30f, 1, 1e19f, 1e37f};

    static Stream<Class<? extends Optimizer>> optimizers() {
        return Setters.parts(Optimizer.class);
    }

    private static Batches batches() {
        float[][] x = new float[4][SIZES.length];
        float[][] y = new float[4][2];
        for (int i = 0; i < x.length; i++) {
            for (int k = 0; k < SIZES.length; k++) {
                x[i][k] = (float) Math.sin(3 * i + k) * SIZES[k];
            }
            y[i][0] = i;
        }
        return Dataset.of(x, y).batch(2);
    }

    private static List<float[]> weights(Mode mode, Class<? extends Optimizer> type)
            throws ReflectiveOperationException {
        Trainer made = mode.of(Trainer.of(Sequential.of(new Dense(2)))
                        .loss(new MeanAbsoluteError())
                        .optimizer(OptimizerKind.make(type))
                        .threads(1, 1)
                        .seed(3))
                .build();
        try (Trainer trainer = made) {
            trainer.fit(batches(), Fit.epochs(2));
            List<float[]> weights = new ArrayList<>();
            for (Variable<?> variable : trainer.model().variables()) {
                weights.add(variable.toFloats());
            }
            return weights;
        }
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void weightsAreTheSameInEveryModeAtAnySize(Class<? extends Optimizer> type) throws ReflectiveOperationException {
        List<float[]> expected = weights(Mode.OP_BY_OP, type);
        List<float[]> compiled = weights(Mode.COMPILED, type);
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), compiled.get(i), "variable " + i);
        }
    }
}
