package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** Random layers go through XLA, which draws other numbers of the same distribution. */
class DrawsTest {

    private static final int COUNT = 60_000;

    @SuppressWarnings("unchecked") // The input is float32.
    private static double[] drawnByXla(Layer layer) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(3).build();
                TensorScope scope = session.scope()) {
            Operand<TFloat32> x = session.tf().ones(session.tf().constant(new int[] {COUNT}), TFloat32.class);
            try (TracedFunction function = TracedFunction.jitCompiled(
                    session,
                    "draw",
                    List.of(TracedFunction.Spec.of(x)),
                    (tf, in) -> List.of(layer.call(
                            ForwardPass.training(tf, 3, () -> tf.constant(1L)), (Operand<TFloat32>) in.get(0))))) {
                return FiniteDifferences.values(
                        session, function.call(List.of(x)).get(0));
            }
        }
    }

    /** Within six standard errors. */
    private static void assertMoments(double[] values, double stddev) {
        double mean = Arrays.stream(values).average().orElseThrow();
        double variance = Arrays.stream(values)
                .map(v -> (v - mean) * (v - mean))
                .average()
                .orElseThrow();
        assertEquals(1, mean, 6 * stddev / Math.sqrt(COUNT));
        assertEquals(stddev * stddev, variance, 6 * stddev * stddev * Math.sqrt(2.0 / COUNT));
    }

    @Test
    void noiseOfXlaHasItsMoments() {
        assertMoments(drawnByXla(new GaussianNoise(0.3)), 0.3);
    }

    @Test
    void dropoutOfXlaKeepsTheMean() {
        assertMoments(drawnByXla(new Dropout(0.5)), 1);
    }
}
