package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Numerical gradients, and the way between operands and arrays of doubles. */
public final class FiniteDifferences {

    private static final double STEP = 1e-5;

    private FiniteDifferences() {}

    /** Central differences of a function of many numbers. */
    public static double[] gradient(double[] at, ToDoubleFunction<double[]> function) {
        double[] slopes = new double[at.length];
        for (int i = 0; i < at.length; i++) {
            double[] moved = at.clone();
            moved[i] = at[i] + STEP;
            double above = function.applyAsDouble(moved);
            moved[i] = at[i] - STEP;
            slopes[i] = (above - function.applyAsDouble(moved)) / (2 * STEP);
        }
        return slopes;
    }

    /** Every element agrees up to a part of the largest one. */
    public static void assertClose(double[] expected, double[] actual, double relative, String what) {
        assertEquals(expected.length, actual.length, what);
        double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], relative * Math.max(largest, 1e-3), what + " at " + i);
        }
    }

    /** The elements of an operand of any numeric type. */
    public static double[] values(TapeSession session, Operand<?> operand) {
        try (TensorScope scope = session.scope()) {
            Operand<TFloat64> exact = Tensors.cast(session.tf(), operand, TFloat64.class);
            return session.read(exact, tensor -> {
                double[] values = new double[(int) tensor.size()];
                tensor.copyTo(NdArrays.wrap(tensor.shape(), DataBuffers.of(values, false, false)));
                return values;
            });
        }
    }

    /** A constant of a type known at run time, in the static type that layers speak of. */
    @SuppressWarnings("unchecked") // Layers and losses follow the run-time type.
    public static Operand<TFloat32> constant(Ops tf, Shape shape, double[] values, Class<? extends TNumber> type) {
        return (Operand<TFloat32>)
                (Operand<?>) Tensors.cast(tf, tf.constant(shape, DataBuffers.of(values, false, true)), type);
    }

    /** Different numbers in [-1.4, 1.6), none of them near 0, where many functions have a kink. */
    public static double[] numbers(long count) {
        double[] values = new double[(int) count];
        for (int i = 0; i < values.length; i++) {
            double value = 3 * ((0.3 + i * 0.6180339887498949) % 1.0) - 1.4;
            values[i] = Math.abs(value) < 0.01 ? 0.05 : value;
        }
        return values;
    }
}
