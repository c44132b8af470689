package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Constraints by norms where squares overflow. */
class ConstraintNormsTest {

    static Stream<Arguments> magnitudes() {
        return Stream.of(
                Arguments.of(TFloat32.class, 1e20),
                Arguments.of(TFloat32.class, 3e38),
                Arguments.of(TFloat64.class, 1e20),
                Arguments.of(TFloat64.class, 1e200),
                Arguments.of(TFloat64.class, 1e305));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("magnitudes")
    <T extends TNumber> void enormousWeightsAreBroughtBackAlongTheirDirection(Class<T> type, double size) {
        double[] column = {0.6, 0.8};
        assertClose(times(column, 2), apply(Constraint.maxNorm(2, 0), type, times(column, size)));
        assertClose(column, apply(Constraint.unitNorm(0), type, times(column, size)));
        assertClose(times(column, 3), apply(Constraint.minMaxNorm(1, 3, 1, 0), type, times(column, size)));
        double half = 0.5 * 3 + 0.5 * size;
        double[] halfway = apply(Constraint.minMaxNorm(1, 3, 0.5, 0), type, times(column, size));
        assertArrayEquals(times(column, half), halfway, 1e-6 * half);
    }

    private static void assertClose(double[] expected, double[] actual) {
        assertArrayEquals(expected, actual, 1e-6);
    }

    private static double[] times(double[] values, double factor) {
        return Arrays.stream(values).map(value -> value * factor).toArray();
    }

    @SuppressWarnings("unchecked") // Weights follow the run-time type.
    private static <T extends TNumber> double[] apply(Constraint constraint, Class<T> type, double... weight) {
        try (TapeSession session = TapeSession.open();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Operand<?> typed = Tensors.cast(tf, tf.constant(new double[][] {{weight[0]}, {weight[1]}}), type);
            return session.doubles(constraint.apply(tf, (Operand<TFloat32>) typed));
        }
    }
}
