package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;

class FunctionGradientTest {

    private static final double[] X = {0.4, 1.6, -2.2};
    private static final long[] SHAPE = {3};
    private static final List<Spec> SPECS = List.of(new Spec(DataType.DT_DOUBLE, Shape.of(-1)));

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

    private static Operand<TFloat64> wave(Ops tf, Operand<TFloat64> x) {
        return tf.math.mul(tf.math.sin(x), tf.math.exp(tf.math.sin(x)));
    }

    private static Operand<TFloat64> derivative(
            Ops tf, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> f, Operand<TFloat64> x, int order) {
        if (order == 0) {
            return f.apply(tf, x);
        }
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            return tape.gradient(derivative(tf, f, x, order - 1), x).orElseThrow();
        }
    }

    @Test
    void callsHaveTheDerivativesOfWhatTheyCallOfAllOrders() {
        try (TracedFunction wave =
                TracedFunction.trace(session, "wave", SPECS, (o, g) -> List.of(wave(o, TwoWays.typed(g.get(0)))))) {
            for (int order = 0; order <= 3; order++) {
                int n = order;
                double[] plain = TwoWays.result(
                        session, X, SHAPE, true, (ops, x) -> derivative(ops, FunctionGradientTest::wave, x, n));
                double[] called = TwoWays.result(
                        session,
                        X,
                        SHAPE,
                        true,
                        (ops, x) -> derivative(
                                ops,
                                (o, v) -> TwoWays.typed(wave.call(o, List.of(v)).get(0)),
                                x,
                                n));
                assertArrayEquals(plain, called, 1e-12);
            }
        }
    }

    @Test
    void anArgumentGivenTwiceAndSeveralResultsCountEachTime() {
        List<Spec> specs = List.of(SPECS.get(0), SPECS.get(0));
        try (TracedFunction function = TracedFunction.trace(
                session,
                "both",
                specs,
                (o, g) -> List.of(
                        o.math.mul(TwoWays.typed(g.get(0)), o.math.square(TwoWays.typed(g.get(1)))),
                        o.math.neg(TwoWays.typed(g.get(1)))))) {
            double[] slope = TwoWays.result(session, X, SHAPE, true, (ops, x) -> {
                try (GradientTape tape = GradientTape.open(ops)) {
                    tape.watch(x);
                    return tape.gradients(function.call(ops, List.of(x, x)), List.of(), List.of(x))
                            .get(0)
                            .orElseThrow();
                }
            });
            for (int i = 0; i < X.length; i++) {
                assertEquals(3 * X[i] * X[i] - 1, slope[i], 1e-12);
            }
        }
    }

    @Test
    void variablesUsedInAFunctionHaveGradientsAndOthersNot() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(3.0), true);
        Variable<TFloat64> unrelated = Variable.create(tf, "unrelated", tf.constant(3.0), true);
        Variable<TFloat64> fixed = Variable.create(tf, "fixed", tf.constant(2.0), false);
        TracedFunction.Body body = (o, g) -> {
            unrelated.read(o);
            Operand<TFloat64> factor = o.math.mul(fixed.read(o), o.math.square(w.read(o)));
            return List.of(o.math.mul(TwoWays.typed(g.get(0)), factor));
        };
        for (boolean jit : List.of(false, true)) {
            try (TracedFunction function = jit
                    ? TracedFunction.jitCompiled(session, "f", SPECS, body)
                    : TracedFunction.trace(session, "f", SPECS, body)) {
                TwoWays.Body gradient = (ops, x) -> {
                    try (GradientTape tape = GradientTape.open(ops)) {
                        Operand<?> y = function.call(ops, List.of(x)).get(0);
                        Gradients gradients = tape.gradients(y, Parameters.of(w, unrelated, fixed));
                        assertEquals(List.of(w), gradients.variables());
                        return gradients.of(w).orElseThrow();
                    }
                };
                assertArrayEquals(
                        new double[] {12 * (0.4 + 1.6 - 2.2)},
                        jit ? eager(gradient) : TwoWays.result(session, X, SHAPE, true, gradient),
                        1e-12);
            }
        }
    }

    private double[] eager(TwoWays.Body body) {
        try (TensorScope scope = session.scope()) {
            return TwoWays.read(session, body.apply(tf, tf.constant(X)));
        }
    }

    @Test
    void aCallInATraceSeesWhatWasWrittenBefore() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(3.0), true);
        try (TracedFunction reader =
                        TracedFunction.trace(session, "reader", List.of(), (o, none) -> List.of(w.read(o)));
                TracedFunction outer = TracedFunction.trace(session, "outer", List.of(), (o, none) -> {
                    w.assign(o, o.constant(5.0));
                    Operand<?> before = reader.call(o, List.of()).get(0);
                    w.assign(o, o.constant(7.0));
                    return List.of(before, reader.call(o, List.of()).get(0));
                });
                TensorScope scope = session.scope()) {
            List<? extends Operand<?>> results = outer.call(List.of());
            assertEquals(5.0, TwoWays.read(session, results.get(0))[0]);
            assertEquals(7.0, TwoWays.read(session, results.get(1))[0]);
        }
    }

    @Test
    void aFunctionOfAnotherSessionIsRefused() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(3.0), true);
        try (TracedFunction other = TracedFunction.trace(session, "f", SPECS, (o, g) -> List.of(w.read(o)))) {
            TapeSession elsewhere = TapeSession.open();
            try (elsewhere) {
                IllegalArgumentException error = assertThrows(
                        IllegalArgumentException.class,
                        () -> other.call(elsewhere.tf(), List.of(elsewhere.tf().constant(X))));
                assertTrue(error.getMessage().contains("another TapeSession"), error.getMessage());
            }
        }
    }

    /** For x₀ above 1: w x³, else v sin x. */
    private static Operand<TFloat64> branched(Ops tf, Operand<TFloat64> x, Variable<TFloat64> w, Variable<TFloat64> v) {
        Operand<TFloat64> first = tf.gather(x, tf.constant(0), tf.constant(0));
        return TwoWays.typed(Conditional.choose(
                        tf,
                        tf.math.greater(first, tf.constant(1.0)),
                        List.of(x),
                        (o, g) -> List.of(o.math.mul(
                                w.read(o),
                                o.math.mul(TwoWays.typed(g.get(0)), o.math.square(TwoWays.typed(g.get(0)))))),
                        (o, g) -> List.of(o.math.mul(v.read(o), o.math.sin(TwoWays.typed(g.get(0))))))
                .get(0));
    }

    @Test
    void branchesHaveTheDerivativesOfTheSideThatIsTaken() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(3.0), true);
        Variable<TFloat64> v = Variable.create(tf, "v", tf.constant(2.0), true);
        for (double x : new double[] {1.5, 0.5}) {
            double[] expected = x > 1
                    ? new double[] {3 * x * x * x, 9 * x * x, 18 * x}
                    : new double[] {2 * Math.sin(x), 2 * Math.cos(x), -2 * Math.sin(x)};
            for (int order = 0; order <= 2; order++) {
                int n = order;
                double[] value = TwoWays.result(
                        session,
                        new double[] {x},
                        new long[] {1},
                        true,
                        (ops, at) -> derivative(ops, (o, u) -> branched(o, u, w, v), at, n));
                assertArrayEquals(new double[] {expected[n]}, value, 1e-12);
            }
            double[] ofVariables = TwoWays.result(session, new double[] {x}, new long[] {1}, true, (ops, at) -> {
                try (GradientTape tape = GradientTape.open(ops)) {
                    Gradients gradients = tape.gradients(branched(ops, at, w, v), Parameters.of(w, v));
                    return ops.stack(List.of(
                            gradients.of(w).orElseGet(() -> ops.constant(0.0)),
                            gradients.of(v).orElseGet(() -> ops.constant(0.0))));
                }
            });
            assertArrayEquals(x > 1 ? new double[] {x * x * x, 0} : new double[] {0, Math.sin(x)}, ofVariables, 1e-12);
        }
    }

    @Test
    void branchesMustAgree() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> TracedFunction.trace(
                        session,
                        "f",
                        SPECS,
                        (o, g) -> Conditional.choose(
                                o,
                                o.constant(true),
                                g,
                                (inner, given) -> given,
                                (inner, given) -> List.of(inner.constant(1)))));
        assertTrue(error.getMessage().contains("int32"), error.getMessage());
    }

    /** Rows of what was read of a variable, the axis a constant of the graph. */
    @Test
    void rowsOfAReadHaveSlicesInATraceToo() {
        Variable<TFloat64> table = Variable.create(tf, "table", tf.constant(new double[][] {{1}, {2}, {3}}), true);
        double[] whole = TwoWays.result(session, new double[] {5}, new long[] {1}, true, (ops, x) -> {
            try (GradientTape tape = GradientTape.open(ops)) {
                Operand<TFloat64> rows =
                        ops.gather(table.read(ops), ops.constant(new int[] {2, 0, 2}), ops.constant(0));
                Operand<TFloat64> gradient = tape.gradients(ops.math.mul(rows, x), Parameters.of(table))
                        .of(table)
                        .orElseThrow();
                assertInstanceOf(IndexedSlices.class, gradient);
                return gradient;
            }
        });
        assertArrayEquals(new double[] {5, 0, 10}, whole);
    }
}
