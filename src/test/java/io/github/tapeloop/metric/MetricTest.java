package io.github.tapeloop.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.op.Ops;

class MetricTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    @Test
    void aMeanAveragesNumbersOfAnyShapeByWeight() {
        Mean mean = new Mean("mean");
        assertEquals(0, mean.result());
        mean.update(tf, tf.constant(new float[][] {{1, 2}, {3, 6}}));
        assertEquals(3, mean.result());
        mean.update(tf, tf.constant(8.0), 6);
        assertEquals((12 + 48) / 10.0, mean.result());
        mean.update(tf, tf.constant(5));
        assertEquals((12 + 48 + 5) / 11.0, mean.result());
        mean.reset();
        assertEquals(0, mean.result());
        mean.update(tf, tf.constant(new float[] {4}));
        assertEquals(4, mean.result());
        assertFalse(mean.higherIsBetter());
    }

    @Test
    void accuracyCountsTheBestClass() {
        SparseCategoricalAccuracy accuracy = new SparseCategoricalAccuracy();
        var scores = tf.constant(new float[][] {{0.1f, 0.9f}, {3, -1}, {0, 1}});
        accuracy.update(tf, tf.constant(new int[] {1, 0, 0}), scores);
        assertEquals(2.0 / 3, accuracy.result(), 1e-12);
        accuracy.update(tf, tf.constant(new long[][] {{1}, {0}, {1}}), scores);
        assertEquals(5.0 / 6, accuracy.result(), 1e-12);
        assertTrue(accuracy.higherIsBetter());
        assertEquals("accuracy", accuracy.name());
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> accuracy.update(tf, tf.constant(new int[] {1, 0}), scores));
        assertTrue(error.getMessage().contains("'accuracy'"), error.getMessage());
        assertTrue(error.getMessage().contains("[3]"), error.getMessage());
    }

    @Test
    void stateIsNamedAndOutlivesTheStep() {
        Mean mean = new Mean("loss");
        try (TensorScope step = session.scope()) {
            mean.update(tf, tf.constant(2f));
        }
        assertEquals(List.of("loss/sums"), mean.state().names());
        assertEquals(2, mean.result());
        int live = session.liveHandles();
        mean.result();
        mean.reset();
        assertEquals(live, session.liveHandles());
    }

    @Test
    void aMetricStaysInItsSession() {
        Mean mean = new Mean("loss");
        mean.update(tf, tf.constant(2f));
        try (TapeSession other = TapeSession.open()) {
            IllegalStateException error = assertThrows(
                    IllegalStateException.class,
                    () -> mean.update(other.tf(), other.tf().constant(1f)));
            assertTrue(error.getMessage().contains("make a new metric"), error.getMessage());
        }
    }
}
