package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NormalizationTest {

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

    private double[] called(Normalization layer, float[][] x) {
        return values(session, layer.call(ForwardPass.inference(tf), tf.constant(x)));
    }

    private List<Operand<TFloat32>> batches() {
        return List.of(tf.constant(new float[][] {{1, 10}, {3, 30}}), tf.constant(new float[][] {{8, 20}}));
    }

    @Test
    void meanAndVarianceAreThoseOfAllBatchesTogether() {
        Normalization layer = new Normalization().adapt(tf, batches());
        double first = Math.sqrt((9 + 1 + 16) / 3.0);
        double second = Math.sqrt(200 / 3.0);
        assertArrayEquals(
                new double[] {-3 / first, -10 / second, 4 / first, 0},
                called(layer, new float[][] {{1, 10}, {8, 20}}),
                1e-6);
        assertEquals(0, layer.trainableVariables().size());
        assertEquals(2, layer.variables().size());
    }

    @Test
    void itCanAdaptAgainAfterItsFirstCall() {
        Normalization layer = new Normalization();
        assertArrayEquals(new double[] {5, 6}, called(layer, new float[][] {{5, 6}}));
        layer.adapt(tf, List.of(tf.constant(new float[][] {{0, 2}, {2, 6}})));
        assertArrayEquals(new double[] {4, 1}, called(layer, new float[][] {{5, 6}}), 1e-6);
    }

    @Test
    void withoutAxesThereIsOneMeanForAll() {
        Normalization layer = Normalization.overAll().adapt(tf, List.of(tf.constant(new float[][] {{0, 4}})));
        assertArrayEquals(new double[] {-1, 3}, called(layer, new float[][] {{0, 8}}), 1e-6);
    }

    @Test
    void aFeatureThatNeverChangesBecomesZero() {
        Normalization layer = new Normalization().adapt(tf, List.of(tf.constant(new float[][] {{7}, {7}})));
        assertArrayEquals(new double[] {0}, called(layer, new float[][] {{7}}));
    }

    @Test
    void givenStatisticsAreUsed() {
        Normalization layer = new Normalization().statistics(new double[] {1, 2}, new double[] {4, 9});
        assertArrayEquals(new double[] {2, 1}, called(layer, new float[][] {{5, 5}}), 1e-6);
    }

    @Test
    void batchesOfOtherFeaturesAndNoBatchesAreRefused() {
        String none = assertThrows(IllegalArgumentException.class, () -> new Normalization().adapt(tf, List.of()))
                .getMessage();
        assertTrue(none.contains("no batch"), none);
        List<Operand<TFloat32>> mixed =
                List.of(tf.constant(new float[][] {{1, 2}}), tf.constant(new float[][] {{1, 2, 3}}));
        String other = assertThrows(IllegalArgumentException.class, () -> new Normalization().adapt(tf, mixed))
                .getMessage();
        assertTrue(other.contains("2 features") && other.contains("3"), other);
    }
}
