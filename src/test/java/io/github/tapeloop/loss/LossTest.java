package io.github.tapeloop.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

class LossTest {

    private static final float[][] LOGITS = {{1, 2, -1}, {0.5f, -0.5f, 0}};
    private static final int[] LABELS = {1, 2};

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private static double crossEntropy(float[] logits, int label) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        return Math.log(sum) - logits[label];
    }

    private double loss(Loss loss, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> value = loss.call(tf, target, prediction);
        assertEquals(Tensors.dataType(prediction), Tensors.dataType(value));
        return session.scalar(value);
    }

    @SuppressWarnings("unchecked") // Losses follow the run-time type.
    private Operand<TFloat32> exact(Operand<TFloat32> x) {
        return (Operand<TFloat32>) (Operand<?>) Tensors.cast(tf, x, TFloat64.class);
    }

    @Test
    void sparseCrossEntropyFromLogits() {
        double expected = (crossEntropy(LOGITS[0], 1) + crossEntropy(LOGITS[1], 2)) / 2;
        Loss loss = SparseCategoricalCrossentropy.fromLogits();
        Operand<TFloat32> logits = tf.constant(LOGITS);
        List<Operand<? extends TNumber>> targets = List.of(
                tf.constant(LABELS),
                tf.dtypes.cast(tf.constant(LABELS), TInt64.class),
                tf.dtypes.cast(tf.constant(LABELS), TFloat32.class),
                tf.constant(new int[][] {{1}, {2}}));
        for (Operand<? extends TNumber> target : targets) {
            assertEquals(expected, loss(loss, target, logits), 1e-6);
            assertEquals(expected, loss(loss, target, exact(logits)), 1e-12);
        }
        Operand<TFloat32> sequence = tf.constant(new float[][][] {LOGITS, LOGITS});
        assertEquals(expected, loss(loss, tf.constant(new int[][] {LABELS, LABELS}), sequence), 1e-6);
    }

    @Test
    void sparseCrossEntropyFromProbabilitiesNormalisesTheirLogarithms() {
        float[][] probabilities = {{0.2f, 0.7f, 0.3f}, {0f, 0.5f, 1f}};
        double first = -Math.log(0.7 / 1.2);
        double second = -Math.log((1 - 1e-7) / (1e-7 + 0.5 + 1 - 1e-7));
        Loss loss = SparseCategoricalCrossentropy.fromProbabilities();
        assertEquals((first + second) / 2, loss(loss, tf.constant(LABELS), tf.constant(probabilities)), 1e-6);
    }

    @Test
    void sparseCrossEntropyRefusesWhatItCannotTake() {
        Loss loss = SparseCategoricalCrossentropy.fromLogits();
        assertRefused(() -> loss.call(tf, tf.constant(LABELS), tf.constant(new float[] {1, 2})), "[batch, …, classes]");
        assertRefused(() -> loss.call(tf, tf.constant(new int[] {1}), tf.constant(LOGITS)), "[2]");
        assertRefused(() -> loss.call(tf, tf.constant(new int[2][3]), tf.constant(LOGITS)), "one-hot");
        OpException error = assertThrows(
                OpException.class, () -> loss.call(tf, tf.constant(new int[] {1, 3}), tf.constant(LOGITS)));
        assertTrue(error.getMessage().contains("label value of 3"), error.getMessage());
        assertTrue(error.getMessage().contains("[0, 3)"), error.getMessage());
    }

    @Test
    void meanSquaredErrorAveragesOverAllElements() {
        Loss loss = new MeanSquaredError();
        Operand<TFloat32> predictions = tf.constant(new float[][] {{1, 2}, {3, 4}});
        double expected = (1 + 4 + 0 + 16) / 4.0;
        assertEquals(expected, loss(loss, tf.constant(new float[][] {{0, 0}, {3, 8}}), predictions), 1e-6);
        assertEquals(expected, loss(loss, tf.constant(new int[][] {{0, 0}, {3, 8}}), exact(predictions)), 1e-12);
        Operand<TFloat32> column = tf.constant(new float[][] {{1}, {3}});
        assertEquals(2.5, loss(loss, tf.constant(new float[] {2, 5}), column), 1e-6);
        assertRefused(() -> loss.call(tf, tf.constant(new float[][] {{1, 2}}), predictions), "[2, 2]");
        assertRefused(() -> loss.call(tf, tf.constant(new float[] {1, 2}), predictions), "float32 [2]");
    }

    private static void assertRefused(Executable mistake, String word) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, mistake);
        assertTrue(error.getMessage().contains(word), error.getMessage());
    }
}
