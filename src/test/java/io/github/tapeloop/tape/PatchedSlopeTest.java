package io.github.tapeloop.tape;

import static io.github.tapeloop.FiniteDifferences.gradient;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/** Second derivatives where the rule of the first one chooses between values: at zeros of products, at 0^n, at 0/0. */
class PatchedSlopeTest {

    private static Arguments row(
            String name, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> function, double... at) {
        return Arguments.of(name, function, at);
    }

    static Stream<Arguments> rows() {
        return Stream.of(
                        new double[] {0, 3, 2, 5},
                        new double[] {0, 0, 2, 5},
                        new double[] {4, 0, 2, 0},
                        new double[] {0, 0, 0, 7},
                        new double[] {1, 2, 3, 4})
                .flatMap(PatchedSlopeTest::products);
    }

    private static Stream<Arguments> products(double[] at) {
        return Stream.of(
                row("Prod", (tf, x) -> tf.prod(x, tf.constant(0)), at),
                row("Cumprod", (tf, x) -> tf.math.cumprod(x, tf.constant(0)), at),
                row("UnsortedSegmentProd", (tf, x) -> tf.math.unsortedSegmentProd(x, ids(tf), tf.constant(2)), at),
                row(
                        "SegmentProd",
                        (tf, x) -> tf.scope()
                                .opBuilder("SegmentProd", "SegmentProd")
                                .addInput(x.asOutput())
                                .addInput(ids(tf).asOutput())
                                .build()
                                .output(0),
                        at),
                row("Pow", (tf, x) -> tf.math.pow(x, tf.constant(new double[] {2, 3, 1, 2})), at),
                row("MulNoNan", (tf, x) -> tf.math.mulNoNan(tf.constant(new double[] {1, 2, 3, 4}), x), at));
    }

    private static Operand<TInt32> ids(Ops tf) {
        return tf.constant(new int[] {0, 0, 0, 1});
    }

    /** The gradient of a sum with factors. */
    private static Operand<TFloat64> slope(
            Ops tf, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> function, Operand<TFloat64> x) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            return tape.gradient(weighted(tf, function.apply(tf, x)), x).orElseThrow();
        }
    }

    private static Operand<TFloat64> weighted(Ops tf, Operand<TFloat64> y) {
        Operand<TFloat64> flat = tf.reshape(y, tf.constant(new int[] {-1}));
        Operand<TFloat64> counted = tf.dtypes.cast(
                tf.range(tf.constant(1), tf.math.add(tf.size(flat), tf.constant(1)), tf.constant(1)), TFloat64.class);
        return tf.sum(tf.math.mul(flat, counted), tf.constant(0));
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("rows")
    void secondDerivativesAreThoseOfTheFunction(
            String name, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> function, double[] at) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope();
                GradientTape outer = GradientTape.open(session.tf())) {
            Ops tf = session.tf();
            Operand<TFloat64> x = tf.constant(at);
            outer.watch(x);
            Operand<TFloat64> first = weighted(tf, slope(tf, function, x));
            double[] second = outer.gradient(first, x).map(session::doubles).orElse(new double[at.length]);
            double[] expected = gradient(at, moved -> {
                try (TensorScope inner = session.scope()) {
                    return session.scalar(weighted(tf, slope(tf, function, tf.constant(moved))));
                }
            });
            assertArrayEquals(expected, second, 1e-6 * Math.max(1, max(expected)), name + List.of(at.length));
        }
    }

    private static double max(double[] values) {
        double most = 0;
        for (double value : values) {
            most = Math.max(most, Math.abs(value));
        }
        return most;
    }
}
