package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ResourceGather;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** What a tape and its rules refuse, rather than give a wrong gradient or none. */
class GradientMistakesTest {

    private static TapeSession session;
    private static TapeSession elsewhere;

    private TensorScope scope;
    private Ops tf;

    @BeforeAll
    static void openSessions() {
        session = TapeSession.builder().threads(1, 1).build();
        elsewhere = TapeSession.builder().threads(1, 1).build();
    }

    @AfterAll
    static void closeSessions() {
        elsewhere.close();
        session.close();
    }

    @BeforeEach
    void openScope() {
        tf = session.tf();
        scope = session.scope();
    }

    @AfterEach
    void closeScope() {
        scope.close();
    }

    private static void assertRefused(Executable mistake, String... words) {
        String message = assertThrows(IllegalArgumentException.class, mistake).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), "no '" + word + "' in: " + message);
        }
    }

    @Test
    void operandsOfAnotherSessionAreRefusedAndNotTakenForUnconnected() {
        Operand<TFloat64> x = tf.constant(3.0);
        Operand<TFloat64> stranger = elsewhere.tf().constant(3.0);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.square(x);
            assertRefused(() -> tape.watch(stranger), "another session");
            assertRefused(() -> tape.gradient(stranger, x), "another session");
            assertRefused(() -> tape.gradient(y, stranger), "another session");
        }
    }

    @Test
    void anOutputGradientOfAnotherTypeIsRefused() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.square(x);
            List<Operand<?>> single = List.of(tf.constant(1f));
            assertRefused(() -> tape.gradients(List.of(y), single, List.of(x)), "float64 []", "float32 []");
            assertRefused(() -> tape.gradients(List.of(x), single, List.of(x)), "float64 []", "float32 []");
        }
    }

    @Test
    void aRuleThatPropagatesNullIsNamed() {
        GradientRegistry.of(session).register("Digamma", (ops, op) -> op.propagate(0, () -> null));
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.digamma(x);
            assertFails(() -> tape.gradient(y, x), "Digamma", "null", "input 0");
        }
    }

    @Test
    void aRuleThatMakesAMistakeIsNamedWithThePathToItsOp() {
        GradientRegistry.of(session).register("Erfc", (ops, op) -> {
            throw new IllegalArgumentException("Expected a good day");
        });
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.square(tf.math.erfc(x));
            assertFails(() -> tape.gradient(y, x), "Erfc", "Expected a good day", "Square ← Erfc");
        }
    }

    @Test
    void aPathWhoseGradientIsPreventedSaysWhy() {
        Operand<TFloat64> x = tf.constant(3.0);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = GradientRow.op(tf, "PreventGradient")
                    .in(x)
                    .set(b -> b.setAttr("message", "frozen"))
                    .out(0);
            assertFails(() -> tape.gradient(y, x), "PreventGradient", "no gradient may be asked for", "frozen");
        }
    }

    /** A size of 0 that it divides by, for example. */
    @Test
    void aRuleThatFailsByItselfIsNamedWithItsPath() {
        Operand<TFloat64> x = tf.constant(0.3);
        GradientRegistry.of(session).register("Expm1", (ops, op) -> {
            throw new ArithmeticException("/ by zero");
        });
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y = tf.math.neg(tf.math.expm1(x));
            assertFails(() -> tape.gradient(y, x), "Expm1", "ArithmeticException: / by zero", "Neg ← Expm1");
        }
    }

    private static void assertFails(Executable mistake, String... words) {
        String message = assertThrows(GradientException.class, mistake).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), "no '" + word + "' in: " + message);
        }
    }

    private interface Mistake {
        void make(Ops tf, GradientTape tape, Operand<TFloat64> x, Variable<TFloat64> w, Variable<TFloat64> other);
    }

    private record Refusal(Class<? extends RuntimeException> type, Mistake mistake, String... words) {}

    private static final List<Refusal> REFUSALS = List.of(
            new Refusal(
                    IllegalArgumentException.class,
                    (tf, tape, x, w, other) -> tape.gradient(tf.math.square(x), tf.constant(3)),
                    "int32 []",
                    "floating point",
                    "tf.dtypes.cast"),
            new Refusal(
                    IllegalArgumentException.class,
                    (tf, tape, x, w, other) ->
                            new Sgd(1).apply(tf, tape.gradients(tf.math.square(x), Parameters.of(w))),
                    "Sgd",
                    "does not depend on any of [dense/kernel]",
                    "inside the tape"),
            new Refusal(
                    GradientException.class,
                    (tf, tape, x, w, other) -> tape.gradient(tf.math.neg(tf.math.sinh(x)), x),
                    "Sinh",
                    "float64 [2]",
                    "float64 []",
                    "reshape",
                    "Neg ← Sinh"),
            new Refusal(
                    GradientException.class,
                    (tf, tape, x, w, other) -> tape.gradient(tf.math.neg(tf.math.cosh(x)), x),
                    "Cosh",
                    "has 1 inputs",
                    "input 1",
                    "Neg ← Cosh"),
            new Refusal(
                    IllegalArgumentException.class,
                    (tf, tape, x, w, other) ->
                            new Sgd(1).apply(tf, tape.gradients(tf.math.mul(x, w.read(tf)), Parameters.of(other))),
                    "does not depend on any of [dense/kernel]"),
            new Refusal(
                    IllegalStateException.class,
                    (tf, tape, x, w, other) -> {
                        Operand<TFloat64> y = tf.math.square(x);
                        tape.gradient(y, x);
                        tape.jacobian(y, x);
                    },
                    "has given its gradients",
                    "GradientTape.persistent(tf)",
                    "reset()"));

    @Test
    void mistakesAreClearAndLeaveNothingBehind() {
        GradientRegistry.of(session).register("Sinh", (ops, op) -> op.propagate(0, () -> ops.constant(1.0)));
        GradientRegistry.of(session).register("Cosh", (ops, op) -> op.propagate(1, () -> ops.constant(1.0)));
        try (Variable<TFloat64> w = Variable.create(tf, "dense/kernel", tf.constant(3.0), true);
                Variable<TFloat64> other = Variable.create(tf, "dense/kernel", tf.constant(5.0), true)) {
            int live = session.liveHandles();
            for (Refusal refusal : REFUSALS) {
                try (TensorScope step = session.scope();
                        GradientTape tape = GradientTape.open(tf)) {
                    Operand<TFloat64> x = tf.constant(new double[] {1, 2});
                    tape.watch(x);
                    String message = assertThrows(
                                    refusal.type(), () -> refusal.mistake().make(tf, tape, x, w, other))
                            .getMessage();
                    for (String word : refusal.words()) {
                        assertTrue(message.contains(word), "no '" + word + "' in: " + message);
                    }
                }
                assertEquals(live, session.liveHandles(), refusal.words()[0]);
            }
            assertEquals(3, value(w));
            assertEquals(5, value(other));
        }
    }

    /** The step of one model by the gradients of another: its optimizer has the slots of the first. */
    @Test
    void anOptimizerRefusesTheGradientsOfAnotherModelAndKeepsItsState() {
        Optimizer adam = new Adam(0.1);
        try (Variable<TFloat64> w = Variable.create(tf, "dense/kernel", tf.constant(3.0), true);
                Variable<TFloat64> other = Variable.create(tf, "dense/kernel", tf.constant(5.0), true)) {
            step(adam, w);
            int live = session.liveHandles();
            double before = value(w);
            assertRefused(() -> step(adam, other), "'dense/kernel'", "Adam");
            assertEquals(before, value(w));
            assertEquals(5, value(other));
            assertEquals(1, value(adam.state().get("optimizer/iterations")));
            assertEquals(live, session.liveHandles());
        }
    }

    @SuppressWarnings("unchecked") // All that are asked about are numbers.
    private double value(Variable<?> variable) {
        try (TensorScope reading = session.scope()) {
            return session.scalar((Operand<? extends TNumber>) variable.read(tf));
        }
    }

    private void step(Optimizer optimizer, Variable<TFloat64> variable) {
        try (TensorScope step = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            optimizer.apply(tf, tape.gradients(tf.math.square(variable.read(tf)), Parameters.of(variable)));
        }
    }

    @Test
    void aTapeThatFailedHearsNoMore() {
        Operand<TFloat64> x = tf.constant(0.3);
        List<String> made = new ArrayList<>();
        GradientRegistry.of(session).register("Exp", (ops, op) -> {
            made.add("Exp");
            op.propagate(0, () -> op.gradient(0));
        });
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat64> y =
                    GradientRow.op(tf, "IgammaGradA").in(tf.constant(1.0), x).out(0);
            assertThrows(GradientException.class, () -> tape.gradient(y, x));
            tf.math.exp(x);
            assertThrows(IllegalStateException.class, () -> tape.gradient(y, x));
        }
        assertEquals(List.of(), made);
    }

    @Test
    void tablesGatheredWithIndicesOfAnyShapeHaveGradients() {
        assertGathered(new double[] {2, 2, 0, 0, 8, 8}, tf.constant(new int[][] {{2, 0}, {2, 2}}), 0);
        assertGathered(new double[] {0, 0, 1, 1, 0, 0}, tf.constant(1L), 0);
        assertGathered(new double[] {1, 2, 0, 7, 5, 6}, tf.constant(new int[][] {{0, 1}, {1, 1}, {0, 1}}), 1);
    }

    /** The gradient of Σ i·y over the gathered elements or rows y, which are numbered by i as they come. */
    private void assertGathered(double[] expected, Operand<? extends TNumber> indices, long batch) {
        try (Variable<TFloat64> table =
                        Variable.create(tf, "table", tf.constant(new double[][] {{1, 2}, {3, 4}, {5, 6}}), true);
                GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> gathered = ResourceGather.create(
                    tf.scope(), table.handle(tf), indices, TFloat64.class, ResourceGather.batchDims(batch));
            Operand<TFloat64> weights = numbers(gathered, batch == 0 ? 1 : 0);
            Operand<TFloat64> gradient = tape.gradients(tf.math.mul(gathered, weights), Parameters.of(table))
                    .of(table)
                    .orElseThrow();
            assertArrayEquals(expected, session.read(gradient, tensor -> {
                double[] values = new double[6];
                for (int i = 0; i < 6; i++) {
                    values[i] = tensor.getDouble(i / 2, i % 2);
                }
                return values;
            }));
        }
    }

    /** 1, 2, 3, … in the shape of an operand, the last {@code rowRank} dimensions of which count as one. */
    private Operand<TFloat64> numbers(Operand<TFloat64> like, int rowRank) {
        long[] shape = like.shape().asArray();
        for (int i = 0; i < rowRank; i++) {
            shape[shape.length - 1 - i] = 1;
        }
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return tf.reshape(tf.range(tf.constant(1.0), tf.constant(count + 1.0), tf.constant(1.0)), tf.constant(shape));
    }
}
