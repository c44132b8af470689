package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Norms where squares outgrow their type or vanish, and at zeros; constraints with the axes that they get. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NormsTest {

    private static final double[] DIRECTION = {3, -4, 0, 12}; // Of length 13.

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void end() {
        test.close();
    }

    @AfterAll
    void close() {
        session.close();
    }

    private Operand<TFloat32> row(double factor, Class<? extends TNumber> type) {
        return constant(
                tf,
                Shape.of(1, 4),
                Arrays.stream(DIRECTION).map(x -> x * factor).toArray(),
                type);
    }

    private static double[] times(double factor) {
        return Arrays.stream(DIRECTION).map(x -> x * factor).toArray();
    }

    static Stream<Arguments> sizes() {
        return Stream.of(
                Arguments.of(TFloat32.class, new double[] {1e-11, 1e-4, 1, 1e15, 1e16, 1e20, 1e30, 2e37}),
                Arguments.of(TFloat64.class, new double[] {1e-11, 1, 1e121, 1e160, 1e250, 1e306}),
                Arguments.of(TFloat16.class, new double[] {1e-3, 1, 300, 5000}),
                Arguments.of(TBfloat16.class, new double[] {1e-11, 1, 1e20, 1e30}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("sizes")
    void unitVectorsHaveLengthOneWhateverTheirSize(Class<? extends TNumber> type, double[] factors) {
        double digits = type == TFloat32.class || type == TFloat64.class ? 1e-6 : 1e-2;
        for (double factor : factors) {
            double[] y = values(session, new UnitNormalization().call(ForwardPass.inference(tf), row(factor, type)));
            assertArrayEquals(times(1 / 13.0), y, digits, "times " + factor);
            Dot cosine = new Dot(1).normalize(true);
            Operand<TFloat32> x = row(Math.max(factor, 1e-5), type);
            assertEquals(1, values(session, cosine.call(ForwardPass.inference(tf), x, x))[0], digits);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("sizes")
    void constraintsShortenVectorsOfAnySize(Class<? extends TNumber> type, double[] factors) {
        double digits = type == TFloat32.class || type == TFloat64.class ? 1e-6 : 1e-2;
        for (double factor : factors) {
            if (factor >= 1) {
                Operand<TFloat32> w = row(factor, type);
                assertArrayEquals(
                        times(2 / 13.0),
                        values(session, Constraint.maxNorm(2, 1).apply(tf, w)),
                        2 * digits);
                assertArrayEquals(
                        times(1 / 13.0), values(session, Constraint.unitNorm(-1).apply(tf, w)), digits);
                assertArrayEquals(
                        times(3 / 13.0),
                        values(session, Constraint.minMaxNorm(1, 3, 1, 1).apply(tf, w)),
                        3 * digits);
            }
        }
    }

    @Test
    void withoutAnAxisAConstraintIsAlongTheFirst() {
        Operand<TFloat32> w = tf.constant(new float[][] {{3, 0.3f}, {4, 0.4f}});
        assertArrayEquals(
                new double[] {0.48, 0.3, 0.64, 0.4},
                values(session, Constraint.maxNorm(0.8).apply(tf, w)),
                1e-6);
        assertArrayEquals(
                new double[] {0.6, 0.6, 0.8, 0.8},
                values(session, Constraint.minMaxNorm(1, 1, 1).apply(tf, w)),
                1e-6);
        assertArrayEquals(
                new double[] {0.6, 0.6, 0.8, 0.8},
                values(session, Constraint.unitNorm(new int[0]).apply(tf, w)),
                1e-6);
    }

    @Test
    void anAxisThatIsNotThereIsNamedWithTheWeight() {
        Dense dense = new Dense(2).kernel(w -> w.constraint(Constraint.maxNorm(1, 3)));
        dense.call(ForwardPass.inference(tf), tf.constant(new float[][] {{1}}));
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> dense.variables().get("dense/kernel").project(tf));
        assertEquals(
                "Weight 'dense/kernel': The constraint maxNorm has the axes [3], but the weight is float32 [1, 2]: expected"
                        + " axes in [-2, 1]",
                error.getMessage());
        Operand<TFloat32> w = tf.constant(new float[][] {{1}});
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Constraint.unitNorm(1, -1)
                        .apply(tf, w))
                .getMessage()
                .contains("an axis twice, [1, -1]"));
    }

    /** The slope of a sum weighted by 1, 2, 3, 4, and the slope of the sum of its squares. */
    private List<double[]> slopes(Layer layer, Operand<TFloat32> x) {
        try (GradientTape second = GradientTape.open(tf);
                GradientTape first = GradientTape.open(tf)) {
            first.watch(x);
            second.watch(x);
            Operand<TFloat32> y = LayerKind.call(layer, ForwardPass.inference(tf), x);
            Operand<TFloat32> weights = constant(tf, Shape.of(4), new double[] {1, 2, 3, 4}, x.type());
            Operand<TFloat32> slope =
                    first.gradient(total(tf.math.mul(y, weights)), x).orElseThrow();
            double[] bend = values(
                    session, second.gradient(total(tf.math.square(slope)), x).orElseThrow());
            return List.of(values(session, slope), bend);
        }
    }

    private Operand<TFloat32> total(Operand<TFloat32> x) {
        return tf.sum(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0));
    }

    @Test
    void whatHasNoDirectionHasNoSlope() {
        for (Class<? extends TNumber> type : List.<Class<? extends TNumber>>of(TFloat32.class, TFloat64.class)) {
            for (Layer layer : List.of(new UnitNormalization(), new Dot(1).normalize(true))) {
                for (double factor : new double[] {0, 1e-20}) {
                    for (double[] slopes : slopes(layer, row(factor, type))) {
                        assertArrayEquals(new double[4], slopes, layer + " of " + type.getSimpleName());
                    }
                }
                for (double[] slopes : slopes(layer, row(1e-3, type))) {
                    assertTrue(Arrays.stream(slopes).allMatch(Double::isFinite));
                }
            }
        }
    }

    @Test
    void anOrthogonalRegularizerOfARowOfZerosHasASlopeThatIsFinite() {
        Operand<TFloat32> w = tf.constant(new float[][] {{0, 0}, {1e20f, 2e20f}, {1e-20f, 1e-20f}});
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(w);
            Operand<TFloat32> penalty = Regularizer.orthogonal().penalty(tf, w);
            double[] slopes = values(session, tape.gradient(penalty, w).orElseThrow());
            assertTrue(Arrays.stream(slopes).allMatch(slope -> Math.abs(slope) < 1), Arrays.toString(slopes));
        }
    }

    @Test
    void aNormalizationOfWhatOutgrowsItsTypeIsNotZero() {
        Operand<TFloat32> large = tf.constant(new float[][] {{1e25f, -2e25f, 3e25f, 0}});
        for (Layer layer : List.of(new LayerNormalization(), new RmsNormalization(), new GroupNormalization(2))) {
            double[] y = values(session, layer.call(ForwardPass.inference(tf), large));
            assertTrue(Arrays.stream(y).allMatch(Double::isNaN), layer + " " + Arrays.toString(y));
        }
    }

    @Test
    void anEpsilonThatFloat32HasNoNumberForKeepsConstantsFinite() {
        Operand<TFloat32> same = tf.constant(new float[][] {{2, 2, 2, 2}});
        for (Layer layer : List.of(new LayerNormalization().epsilon(1e-60), new GroupNormalization(2).epsilon(1e-60))) {
            assertArrayEquals(new double[4], values(session, layer.call(ForwardPass.inference(tf), same)));
        }
        Operand<TFloat32> zeros = tf.constant(new float[1][4]);
        assertArrayEquals(
                new double[4],
                values(session, new RmsNormalization().epsilon(1e-60).call(ForwardPass.inference(tf), zeros)));
    }

    @Test
    void anAxisGivenTwiceIsRefused() {
        Operand<TFloat32> x = tf.constant(new float[][] {{1, 2}});
        for (Layer layer :
                List.of(new LayerNormalization(1, -1), new UnitNormalization(-1, 1), new RmsNormalization(1, 1))) {
            String message = assertThrows(
                            IllegalArgumentException.class, () -> layer.call(ForwardPass.inference(tf), x))
                    .getMessage();
            assertTrue(message.contains("axis 1 twice") && message.contains(layer.path()), message);
        }
    }
}
