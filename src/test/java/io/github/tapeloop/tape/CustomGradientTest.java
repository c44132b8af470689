package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

class CustomGradientTest {

    private static final double[] X = {0.4, 1.6, -2.2};
    private static final long[] SHAPE = {3};

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

    private static Operand<TFloat64> slope(
            Ops tf, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> f, Operand<TFloat64> x) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            return tape.gradientOrZeros(f.apply(tf, x), x);
        }
    }

    private static Operand<TFloat64> rounded(Ops tf, Operand<TFloat64> x) {
        return CustomGradient.of(
                tf, (ops, v) -> ops.math.round(v), (ops, op) -> op.propagate(0, () -> op.gradient(0)), x);
    }

    /** log(1 + eˣ) with the gradient 1 - 1 / (1 + eˣ), which does not overflow. */
    private static Operand<TFloat64> softplus(Ops tf, Operand<TFloat64> x) {
        return CustomGradient.of(
                tf,
                (ops, v) -> ops.math.log1p(ops.math.exp(v)),
                (ops, op) -> op.propagate(
                        0, () -> ops.math.mul(op.<TFloat64>gradient(0), ops.math.sigmoid(op.<TFloat64>input(0)))),
                x);
    }

    @Test
    void theRuleGivenIsTheGradient() {
        double[] slope = TwoWays.result(
                session, X, SHAPE, true, (ops, x) -> slope(ops, (o, v) -> o.math.square(rounded(o, v)), x));
        assertArrayEquals(new double[] {0, 4, -4}, slope, 1e-12); // 2 round(x)
    }

    @Test
    void theValueIsTheFunctions() {
        assertArrayEquals(
                new double[] {0, 2, -2}, TwoWays.result(session, X, SHAPE, true, CustomGradientTest::rounded));
    }

    @Test
    void secondDerivativesGoThroughTheRule() {
        double[] curvature = TwoWays.result(
                session,
                X,
                SHAPE,
                true,
                (ops, x) -> slope(ops, (o, v) -> slope(o, CustomGradientTest::softplus, v), x));
        for (int i = 0; i < X.length; i++) {
            double s = 1 / (1 + Math.exp(-X[i]));
            assertEquals(s * (1 - s), curvature[i], 1e-12);
        }
    }

    @Test
    void oneInsideAnotherIsHeardAsTheOuterOne() {
        TwoWays.Body body = (ops, x) -> slope(
                ops,
                (o, v) -> CustomGradient.of(
                        o,
                        (inner, u) -> rounded(inner, inner.math.mul(u, u)),
                        (inner, op) -> op.propagate(
                                0,
                                () -> inner.math.mul(op.<TFloat64>gradient(0), rounded(inner, op.<TFloat64>input(0)))),
                        v),
                x);
        assertArrayEquals(new double[] {0, 2, -2}, TwoWays.result(session, X, SHAPE, true, body), 1e-12);
        TwoWays.Body twice = (ops, x) -> slope(ops, (o, v) -> TwoWays.typed(body.apply(o, v)), x);
        assertArrayEquals(new double[] {1, 1, 1}, TwoWays.result(session, X, SHAPE, true, twice), 1e-12);
    }

    @Test
    void tapesInsideTheFunctionHearItsOps() {
        double[] slope = TwoWays.result(
                session,
                X,
                SHAPE,
                true,
                (ops, x) -> slope(
                        ops,
                        (o, v) -> CustomGradient.of(
                                o,
                                (inner, u) -> slope(inner, (i, w) -> i.math.mul(w, i.math.square(w)), u), // 3 u²
                                (inner, op) -> op.propagate(
                                        0,
                                        () -> inner.math.mul(
                                                op.<TFloat64>gradient(0),
                                                inner.math.mul(inner.constant(10.0), op.<TFloat64>output(0)))),
                                v),
                        x));
        for (int i = 0; i < X.length; i++) {
            assertEquals(30 * X[i] * X[i], slope[i], 1e-12);
        }
    }

    @Test
    void allOpenTapesSeeIt() {
        Operand<TFloat64> x = tf.constant(0.7);
        try (GradientTape outer = GradientTape.open(tf);
                GradientTape inner = GradientTape.open(tf)) {
            outer.watch(x);
            inner.watch(x);
            Operand<TFloat64> y = rounded(tf, x);
            assertEquals(1.0, session.scalar(inner.gradient(y, x).orElseThrow()));
            assertEquals(1.0, session.scalar(outer.gradient(y, x).orElseThrow()));
        }
    }

    @Test
    void severalInputsAndResultsEachHaveTheirGradient() {
        double[] gradients = TwoWays.result(session, X, SHAPE, true, (ops, x) -> {
            Operand<TFloat64> y = ops.math.neg(x);
            try (GradientTape tape = GradientTape.open(ops)) {
                tape.watch(x);
                List<Operand<?>> results = CustomGradient.of(
                        ops,
                        (o, given) -> List.of(
                                given.get(0), o.math.add(TwoWays.typed(given.get(0)), TwoWays.typed(given.get(1)))),
                        (o, op) -> {
                            op.propagate(0, () -> o.math.mul(op.<TFloat64>gradient(0), o.constant(2.0)));
                            op.propagate(1, () -> o.math.mul(op.<TFloat64>gradient(1), o.constant(5.0)));
                        },
                        List.of(x, x));
                Operand<TFloat64> total =
                        ops.math.add(TwoWays.typed(results.get(0)), ops.math.mul(y, TwoWays.typed(results.get(1))));
                return tape.gradient(total, x).orElseThrow();
            }
        });
        for (int i = 0; i < X.length; i++) {
            assertEquals(2 - X[i] * 5, gradients[i], 1e-12);
        }
    }

    @Test
    void variablesReadInsideHaveTheirOwnGradientOrThatOfTheRule() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(3.0), true);
        GradientRule reversal =
                (ops, op) -> op.propagate(0, () -> ops.math.neg(ops.math.mul(op.<TFloat64>gradient(0), w.read(ops))));
        GradientRule ofW = (ops, op) -> op.propagate(w, () -> ops.constant(42.0));
        Operand<TFloat64> x = tf.constant(5.0);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = CustomGradient.of(tf, (ops, v) -> ops.math.mul(v, w.read(ops)), reversal, x);
            assertEquals(-3.0, session.scalar(tape.gradient(y, x).orElseThrow()));
            assertEquals(
                    5.0,
                    session.scalar(tape.gradients(y, Parameters.of(w)).of(w).orElseThrow()));
            Operand<TFloat64> z = CustomGradient.of(tf, (ops, v) -> ops.math.mul(v, w.read(ops)), ofW, x);
            Gradients gradients = tape.gradients(z, Parameters.of(w));
            assertEquals(42.0, session.scalar(gradients.of(w).orElseThrow()));
            assertTrue(tape.gradient(z, x).isEmpty());
        }
    }

    @Test
    void variablesReadInsideATracedFunctionHaveGradients() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(3.0), true);
        try (TracedFunction function = TracedFunction.trace(session, "f", List.of(), (ops, none) -> {
                    try (GradientTape tape = GradientTape.open(ops)) {
                        Operand<TFloat64> y = CustomGradient.of(
                                ops,
                                (o, v) -> o.math.mul(v, o.math.square(w.read(o))),
                                (o, op) -> {},
                                ops.constant(5.0));
                        return List.of(tape.gradients(y, Parameters.of(w)).of(w).orElseThrow());
                    }
                });
                TensorScope scope = session.scope()) {
            assertEquals(30.0, TwoWays.read(session, function.call(List.of()).get(0))[0]);
        }
    }

    @Test
    void operandsMadeBeforeAndUsedInsideHaveGradients() {
        Operand<TFloat64> x = tf.constant(2.0);
        Operand<TFloat64> outside = tf.constant(7.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            tape.watch(outside);
            Operand<TFloat64> y = CustomGradient.of(
                    tf, (ops, v) -> ops.math.mul(v, outside), (ops, op) -> op.propagate(0, () -> op.gradient(0)), x);
            var gradients = tape.gradients(List.of(y), List.of(), List.of(x, outside));
            assertEquals(1.0, TwoWays.read(session, gradients.get(0).orElseThrow())[0]);
            assertEquals(2.0, TwoWays.read(session, gradients.get(1).orElseThrow())[0]);
        }
    }

    @Test
    void mistakesAreNamed() {
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(3.0), true);
        Operand<TFloat64> x = tf.constant(5.0);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat64> unread =
                    CustomGradient.of(tf, (ops, v) -> v, (ops, op) -> op.propagate(w, () -> op.gradient(0)), x);
            GradientException error = assertThrows(GradientException.class, () -> tape.gradient(unread, x));
            assertTrue(error.getMessage().contains("'w'"), error.getMessage());
            Operand<TFloat64> misshapen = CustomGradient.of(
                    tf, (ops, v) -> v, (ops, op) -> op.propagate(0, () -> ops.constant(new double[2])), x);
            error = assertThrows(GradientException.class, () -> tape.gradient(misshapen, x));
            assertTrue(error.getMessage().contains("CustomGradient"), error.getMessage());
            assertTrue(error.getMessage().contains("[2]"), error.getMessage());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> CustomGradient.of(tf, (ops, given) -> List.of(), (ops, op) -> {}, List.of(x)));
            assertEquals(
                    10.0, session.scalar(tape.gradient(tf.math.square(x), x).orElseThrow())); // Still heard.
        }
    }
}
