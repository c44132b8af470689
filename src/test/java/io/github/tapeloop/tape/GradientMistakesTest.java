package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    private static void assertFails(Executable mistake, String... words) {
        String message = assertThrows(GradientException.class, mistake).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), "no '" + word + "' in: " + message);
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
