package io.github.tapeloop.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Labels of lengths at which TensorFlow's op ends: none, and more than there are time steps for. */
class CtcTest {

    private static final double INFINITE = Double.POSITIVE_INFINITY;

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private double[] values(int[][] labels, float[][][] logits) {
        return FiniteDifferences.values(session, new Ctc().values(tf, tf.constant(labels), tf.constant(logits)));
    }

    /** In which each way has a probability of classes to the minus steps. */
    private static float[][][] equal(int batch, int steps, int classes) {
        return new float[batch][steps][classes];
    }

    @Test
    void aSilenceIsBlankAtAllSteps() {
        double[] values = values(new int[][] {{0, 0}, {1, 0}, {0, 0}}, equal(3, 4, 6));
        assertEquals(4 * Math.log(6), values[0], 1e-5);
        assertEquals(4 * Math.log(6) - Math.log(10), values[1], 1e-5, "1 to 4 ones in a row have 10 places in 4 steps");
        assertEquals(values[0], values[2]);
        assertEquals(4 * Math.log(6), values(new int[][] {{}}, equal(1, 4, 6))[0], 1e-5, "no column for labels");
    }

    @Test
    void theGradientOfASilenceIsThatOfItsBlanks() {
        Operand<TFloat32> logits = tf.constant(equal(1, 3, 4));
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(logits);
            Operand<TFloat32> loss = new Ctc().call(tf, tf.constant(new int[][] {{0}}), logits);
            double[] slopes = FiniteDifferences.values(
                    session, tape.gradient(loss, logits).orElseThrow());
            double[] expected = new double[12];
            Arrays.setAll(expected, i -> i % 4 == 0 ? 0.25 - 1 : 0.25);
            assertArrayEquals(expected, slopes, 1e-6);
        }
    }

    @Test
    void whatCannotBeIsInfinitelyWrong() {
        int[][] labels = {{1, 1, 1}, {1, 2, 1}, {1, 2, 3}, {1, 1, 0}};
        double[] values = values(labels, equal(4, 3, 4));
        assertEquals(INFINITE, values[0], "two blanks more than there are steps for");
        assertEquals(3 * Math.log(4), values[1], 1e-5);
        assertEquals(3 * Math.log(4), values[2], 1e-5);
        assertEquals(3 * Math.log(4), values[3], 1e-5);
        assertArrayEquals(new double[] {INFINITE}, values(new int[][] {{1, 2}}, equal(1, 1, 3)));
    }

    @Test
    void whatCannotBeHasNoGradientAndLeavesThatOfOthers() {
        assertGradientOfTheSecond(new Ctc(), null);
    }

    @Test
    void whatCannotBeIsLeftOutByAWeightOrAMask() {
        assertGradientOfTheSecond(new Ctc().masked(tf.constant(new boolean[] {false, true})), null);
        assertGradientOfTheSecond(new Ctc(), tf.constant(new float[] {0, 1}));
        Operand<TInt32> labels = tf.constant(new int[][] {{1, 1}, {1, 0}});
        Operand<TFloat32> logits = tf.constant(equal(2, 1, 3));
        Loss masked = new Ctc().masked(tf.constant(new boolean[] {false, true}));
        assertEquals(Math.log(3), session.scalar(masked.call(tf, labels, logits)), 1e-6);
        assertEquals(
                Math.log(3) / 2,
                session.scalar(new Ctc().call(tf, labels, logits, tf.constant(new float[] {0, 1}))),
                1e-6);
    }

    /** Of two samples, of which the first has a label too many. */
    private void assertGradientOfTheSecond(Loss loss, Operand<TFloat32> weight) {
        Operand<TInt32> labels = tf.constant(new int[][] {{1, 1}, {1, 0}});
        Operand<TFloat32> logits = tf.constant(equal(2, 1, 3));
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(logits);
            Operand<TFloat32> value =
                    weight == null ? loss.call(tf, labels, logits) : loss.call(tf, labels, logits, weight);
            double[] slopes = FiniteDifferences.values(
                    session, tape.gradient(value, logits).orElseThrow());
            double scale = loss instanceof Ctc ? 0.5 : 1; // The mean of two, or of one.
            double third = scale / 3;
            assertArrayEquals(new double[] {0, 0, 0, third, third - scale, third}, slopes, 1e-6);
        }
    }
}
