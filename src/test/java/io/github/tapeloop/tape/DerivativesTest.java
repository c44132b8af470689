package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;

class DerivativesTest {

    private TapeSession session;
    private Ops tf;

    @BeforeEach
    void open() {
        session = TapeSession.builder().threads(1, 1).build();
        tf = session.tf();
    }

    @AfterEach
    void close() {
        session.close();
    }

    private void assertResult(double[] expected, double[] x, long[] shape, boolean open, TwoWays.Body body) {
        assertArrayEquals(expected, TwoWays.result(session, x, shape, open, body), 1e-12);
    }

    /** y = A x with y of shape [2], x of shape [3]: the Jacobian is A. */
    @Test
    void theJacobianOfALinearMapIsItsMatrix() {
        double[][] matrix = {{1, 2, 3}, {4, 5, 6}};
        assertResult(
                new double[] {1, 2, 3, 4, 5, 6},
                new double[] {7, 8, 9},
                new long[] {3},
                false,
                (ops, x) -> Derivatives.jacobian(ops, (o, at) -> product(o, o.constant(matrix), at), x));
    }

    private static Operand<TFloat64> product(Ops tf, Operand<TFloat64> matrix, Operand<TFloat64> x) {
        return tf.reshape(tf.linalg.matMul(matrix, tf.expandDims(x, tf.constant(1))), tf.constant(new int[] {-1}));
    }

    @Test
    void theJacobianOfAMatrixHasTheDimensionsOfBoth() {
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> x = tf.constant(new double[][] {{1, 2, 3}, {4, 5, 6}});
            tape.watch(x);
            Operand<TFloat64> y = tf.sum(tf.math.square(x), tf.constant(0));
            Operand<TFloat64> jacobian = tape.jacobian(y, x).orElseThrow();
            assertEquals(Shape.of(3, 2, 3), jacobian.shape());
            double[] expected = new double[18];
            for (int row = 0; row < 2; row++) {
                for (int column = 0; column < 3; column++) {
                    expected[column * 6 + row * 3 + column] = 2 * (1 + row * 3 + column);
                }
            }
            assertArrayEquals(expected, TwoWays.read(session, jacobian));
        }
    }

    /** yᵢ = Σⱼ xⱼ² and Πⱼ xⱼ for each example: 2 xⱼ and the product over xⱼ. */
    @Test
    void theBatchJacobianKeepsExamplesApartWhateverTheirNumber() {
        assertResult(
                new double[] {2, 4, 2, 1, 6, 8, 4, 3, 10, 12, 6, 5},
                new double[] {1, 2, 3, 4, 5, 6},
                new long[] {3, 2},
                true,
                (ops, x) -> {
                    try (GradientTape tape = GradientTape.open(ops)) {
                        tape.watch(x);
                        Operand<TFloat64> squares = ops.sum(ops.math.square(x), ops.constant(1));
                        Operand<TFloat64> products = ops.prod(x, ops.constant(1));
                        Operand<TFloat64> y =
                                ops.stack(List.of(squares, products), org.tensorflow.op.core.Stack.axis(1L));
                        return tape.batchJacobian(y, x).orElseThrow();
                    }
                });
    }

    /** f = Σᵢ xᵢ³ + x₀ x₁: 6 x on the diagonal, 1 beside it. */
    @Test
    void theHessianHasTheSecondDerivatives() {
        assertResult(
                new double[] {6, 1, 0, 1, 12, 0, 0, 0, 18},
                new double[] {1, 2, 3},
                new long[] {3},
                false,
                (ops, x) -> Derivatives.hessian(ops, DerivativesTest::cubic, x));
    }

    @Test
    void hessianVectorProductsNeedNoHessian() {
        assertResult(
                new double[] {6 * 5 + 7, 5 + 12 * 7, 18 * 11},
                new double[] {1, 2, 3},
                new long[] {3},
                true,
                (ops, x) -> Derivatives.hessianVectorProduct(
                        ops, DerivativesTest::cubic, x, ops.constant(new double[] {5, 7, 11})));
    }

    private static Operand<TFloat64> cubic(Ops tf, Operand<TFloat64> x) {
        Operand<TFloat64> first = tf.gather(x, tf.constant(0), tf.constant(0));
        Operand<TFloat64> second = tf.gather(x, tf.constant(1), tf.constant(0));
        Operand<TFloat64> cubes = tf.sum(tf.math.mul(x, tf.math.square(x)), tf.constant(0));
        return tf.math.add(cubes, tf.math.mul(first, second));
    }

    @Test
    void derivativesAreZeroWhereThereIsNoDependence() {
        double[] x = {1, 2};
        long[] shape = {2};
        assertResult(
                new double[4],
                x,
                shape,
                false,
                (ops, at) -> Derivatives.hessian(ops, (o, v) -> o.sum(v, o.constant(0)), at));
        assertResult(
                new double[2], x, shape, false, (ops, at) -> Derivatives.jacobian(ops, (o, v) -> o.constant(3.0), at));
        assertResult(
                new double[2], x, shape, true, (ops, at) -> Derivatives.gradient(ops, (o, v) -> o.constant(3.0), at));
    }

    @Test
    void aJacobianCanBeDifferentiatedInItsTurn() {
        Operand<TFloat64> x = tf.constant(new double[] {1, 2});
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> hessian =
                    Derivatives.hessian(tf, (o, v) -> o.sum(o.math.pow(v, o.constant(4.0)), o.constant(0)), x);
            assertArrayEquals(
                    new double[] {24, 48},
                    TwoWays.read(session, tape.gradient(hessian, x).orElseThrow()),
                    1e-12);
        }
    }

    @Test
    void jacobiansWithRespectToVariablesReadGoThroughTheirValue() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(new double[] {2, 3}), true);
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> value = w.read(tf);
            assertArrayEquals(
                    new double[] {4, 0, 0, 6},
                    TwoWays.read(
                            session, tape.jacobian(tf.math.square(value), value).orElseThrow()));
        }
    }

    @Test
    void aTapeResetRecordsAnew() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            assertEquals(6.0, session.scalar(tape.gradient(tf.math.square(x), x).orElseThrow()));
            tape.reset();
            Operand<TFloat64> unwatched = tf.math.square(x);
            assertEquals(Optional.empty(), tape.gradient(unwatched, x));
            tape.reset();
            tape.watch(x);
            assertEquals(-1.0, session.scalar(tape.gradient(tf.math.neg(x), x).orElseThrow()));
        }
    }

    @Test
    void aJacobianUsesATapeUp() {
        Operand<TFloat64> x = tf.constant(new double[] {3.0, 4.0});
        GradientTape tape = GradientTape.open(tf);
        tape.watch(x);
        Operand<TFloat64> y = tf.math.square(x);
        assertEquals(Optional.empty(), tape.jacobian(tf.constant(1.0), x));
        assertThrows(IllegalStateException.class, () -> tape.jacobian(y, x));
        tape.close();
        assertThrows(IllegalStateException.class, tape::reset);
    }

    private interface Mistake {
        void make(Ops tf, GradientTape tape, Operand<TFloat64> x);
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake((tf, tape, x) -> tape.jacobian(x, tf.constant(1)), "int32 []", "with respect to"),
                mistake((tf, tape, x) -> tape.jacobian(tf.constant(1), x), "int32 []"),
                mistake((tf, tape, x) -> tape.batchJacobian(tf.constant(1.0), x), "float64 []", "float64 [2]"),
                mistake((tf, tape, x) -> tape.batchJacobian(tf.constant(new double[3]), x), "[3]", "[2]", "batch"),
                mistake((tf, tape, x) -> Derivatives.hessian(tf, (o, v) -> o.math.square(v), x), "scalar", "[2]"),
                mistake(
                        (tf, tape, x) -> Derivatives.hessianVectorProduct(
                                tf, (o, v) -> o.sum(v, o.constant(0)), x, tf.constant(1.0)),
                        "v",
                        "float64 [2]",
                        "float64 []"));
    }

    private static Arguments mistake(Mistake mistake, String... words) {
        return Arguments.of(mistake, List.of(words));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void mistakesAreRefusedInWords(Mistake mistake, List<String> words) {
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> x = tf.constant(new double[] {1, 2});
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> mistake.make(tf, tape, x));
            words.forEach(word -> assertTrue(error.getMessage().contains(word), error.getMessage()));
        }
    }

    @Test
    void aJacobianOfAnOpenBatchIsRefused() {
        List<Spec> specs = List.of(new Spec(DataType.DT_DOUBLE, Shape.of(-1, 2)));
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> TracedFunction.trace(
                        session,
                        "open",
                        specs,
                        (ops, given) -> List.of(
                                Derivatives.jacobian(ops, (o, v) -> o.math.square(v), TwoWays.typed(given.get(0))))));
        assertTrue(error.getMessage().contains("batchJacobian"), error.getMessage());
    }
}
