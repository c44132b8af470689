package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.warning.Warnings;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
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

    /** Their variance is infinite in float32, and what is divided by its root is 0. */
    @Test
    void featuresTooLargeToBeSquaredAreRefusedByName() {
        List<Operand<TFloat32>> large = List.of(tf.constant(new float[][] {{1, 1e30f}, {2, -1e30f}}));
        Normalization unbuilt = new Normalization().adapt(tf, large);
        Normalization built = new Normalization().adapt(tf, batches());
        double[] before = called(built, new float[][] {{1, 10}});
        for (Executable use :
                List.<Executable>of(() -> called(unbuilt, new float[][] {{1, 1}}), () -> built.adapt(tf, large))) {
            String message = assertThrows(IllegalArgumentException.class, use).getMessage();
            assertTrue(message.contains("feature 1, counted from 0") && message.contains("scale"), message);
        }
        assertArrayEquals(before, called(built, new float[][] {{1, 10}}), "nothing has changed");
    }

    @Test
    void aFeatureThatHardlyVariesIsSaidToBeFlattened() {
        try (Warnings warnings = Warnings.open(true)) {
            new Normalization().adapt(tf, batches());
            new Normalization().adapt(tf, List.of(tf.constant(new float[][] {{7, 1}, {7, 2}})));
            assertEquals(List.of(), warnings.all(), "one that never does has nothing to lose");
            new Normalization().adapt(tf, List.of(tf.constant(new float[][] {{7, 1e-9f}, {7, 3e-9f}})));
            assertEquals(1, warnings.all().size());
            String text = warnings.all().get(0);
            assertTrue(text.contains("feature 1, counted from 0") && text.contains("smaller units"), text);
        }
    }
}
