package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.layer.AlphaDropout;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.GaussianDropout;
import io.github.tapeloop.layer.GaussianNoise;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** Layers that draw at random in training: moments of many draws, gradients, and nothing done in inference. */
final class NoiseRows {

    private static final int COUNT = 60_000;
    private static final double INPUT = 2;

    /** Checks outputs and their slopes for inputs that are all {@link #INPUT}. */
    private interface Expected {
        void check(double[] outputs, double[] slopes, double tolerance);
    }

    private NoiseRows() {}

    static List<PartRow> rows() {
        return List.of(
                row("Dropout", "rate 0.25", new Dropout(0.25), (y, slopes, tolerance) -> {
                    twoValues(y, INPUT / 0.75, 0, tolerance);
                    assertArrayEquals(times(y, 1 / INPUT), slopes, tolerance);
                }),
                row("GaussianNoise", "stddev 0.3", new GaussianNoise(0.3), (y, slopes, tolerance) -> {
                    moments(y, INPUT, 0.3);
                    assertArrayEquals(times(new double[COUNT], 0, 1), slopes, 0);
                }),
                row("GaussianDropout", "rate 0.2", new GaussianDropout(0.2), (y, slopes, tolerance) -> {
                    moments(y, INPUT, INPUT * Math.sqrt(0.2 / 0.8));
                    assertArrayEquals(times(y, 1 / INPUT), slopes, tolerance);
                }),
                row("AlphaDropout", "rate 0.25", new AlphaDropout(0.25), (y, slopes, tolerance) -> {
                    // A standard normal x gives 0.75 + 0.25 s² - (0.25 s)² = 0.75 (1 + 0.25 s²) before the factor a.
                    double s = -1.7580993408473766;
                    double a = 1 / Math.sqrt(0.75 * (1 + 0.25 * s * s));
                    double b = -0.25 * s * a;
                    twoValues(y, a * INPUT + b, a * s + b, tolerance);
                    double[] expected = Arrays.stream(y).map(v -> v > 1 ? a : 0).toArray();
                    assertArrayEquals(expected, slopes, tolerance);
                }));
    }

    private static double[] times(double[] values, double factor) {
        return times(values, factor, 0);
    }

    private static double[] times(double[] values, double factor, double offset) {
        return Arrays.stream(values).map(v -> v * factor + offset).toArray();
    }

    /** Within six standard errors. */
    private static void moments(double[] y, double expectedMean, double stddev) {
        double mean = Arrays.stream(y).average().orElseThrow();
        double variance =
                Arrays.stream(y).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
        assertEquals(expectedMean, mean, 6 * stddev / Math.sqrt(COUNT));
        assertEquals(stddev * stddev, variance, 6 * stddev * stddev * Math.sqrt(2.0 / COUNT));
    }

    /** Three in four are kept, within six standard errors, and there are no other values. */
    private static void twoValues(double[] y, double kept, double dropped, double tolerance) {
        long count =
                Arrays.stream(y).filter(v -> Math.abs(v - kept) < tolerance).count();
        assertEquals(0.75, count / (double) COUNT, 6 * Math.sqrt(0.75 * 0.25 / COUNT));
        assertEquals(
                COUNT - count,
                Arrays.stream(y).filter(v -> Math.abs(v - dropped) < tolerance).count());
    }

    private static PartRow row(String part, String variant, Layer layer, Expected expected) {
        return new PartRow(
                PartRow.Kind.LAYER, part, variant, "layers." + part, "", "moments of its distribution", run -> {
                    try (TapeSession session = run.open()) {
                        double[] twos = times(new double[COUNT], 0, INPUT);
                        Operand<TFloat32> x = run.constant(session.tf(), Shape.of(200, 300), twos);
                        Operand<TInt64> step = session.tf().constant(3L);
                        List<double[]> trained =
                                run.run(session, List.of(x, step), (tf, in) -> train(tf, layer, in.get(0), in.get(1)));
                        expected.check(trained.get(0), trained.get(1), run.float64() ? 1e-12 : 1e-5);
                        double[] same = run.run(
                                        session,
                                        List.of(x),
                                        (tf, in) -> List.of(layer.call(ForwardPass.inference(tf), input(in.get(0)))))
                                .get(0);
                        assertArrayEquals(twos, same);
                    }
                });
    }

    @SuppressWarnings("unchecked") // The input of the row.
    private static Operand<TFloat32> input(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    @SuppressWarnings("unchecked") // The step of the row.
    private static List<Operand<?>> train(Ops tf, Layer layer, Operand<?> input, Operand<?> step) {
        Operand<TFloat32> x = input(input);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat32> y = layer.call(ForwardPass.training(tf, 5, () -> (Operand<TInt64>) step), x);
            Operand<TFloat32> sum = tf.sum(y, tf.constant(new int[] {0, 1}));
            return List.of(y, tape.gradientOrZeros(sum, x));
        }
    }
}
