package io.github.tapeloop.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** What metrics compute, keep and refuse. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MetricRulesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    /** The root of the mean of squares, with state of its own. */
    private static final class Rms extends Metric {
        Rms() {
            super("rms");
        }

        @Override
        public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            Operand<TFloat64> error = Tensors.cast(
                    tf, tf.math.sub(prediction, Tensors.cast(tf, target, prediction.type())), TFloat64.class);
            state(tf, "squares", Shape.scalar()).assignAdd(tf, tf.sum(tf.math.square(error), tf.constant(0)));
            state(tf, "count", Shape.scalar()).assignAdd(tf, tf.constant((double)
                    Tensors.shape(prediction).size()));
        }

        @Override
        protected Operand<? extends TNumber> compute(Ops tf) {
            return tf.math.sqrt(tf.math.div(
                    state(tf, "squares", Shape.scalar()).read(tf),
                    state(tf, "count", Shape.scalar()).read(tf)));
        }
    }

    /** The mean of |p - t| over elements, which can have weights of their own. */
    private static final class MeanDistance extends MeanMetric {
        MeanDistance() {
            super("distance");
        }

        @Override
        protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            return tf.math.abs(tf.math.sub(prediction, Tensors.cast(tf, target, prediction.type())));
        }
    }

    /** Counts per column, whose result is no scalar. */
    private static final class Columns extends Metric {
        Columns() {
            super("columns");
        }

        @Override
        public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            state(tf, "sums", Shape.of(2))
                    .assignAdd(tf, Tensors.cast(tf, tf.sum(prediction, tf.constant(0)), TFloat64.class));
        }

        @Override
        protected Operand<? extends TNumber> compute(Ops tf) {
            return state(tf, "sums", Shape.of(2)).read(tf);
        }
    }

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

    @Test
    void aWeightedMeanDividesByTheSumOfWeights() {
        Mean mean = new Mean("loss");
        mean.update(tf, tf.constant(2f), 32);
        mean.updateWeighted(tf, tf.constant(8), tf.constant(16.0));
        assertEquals((64 + 128) / 48.0, mean.result(), 1e-12);
        mean.update(tf, tf.constant(100f), 0);
        assertEquals(4, mean.result(), 1e-12);
    }

    @Test
    void aMeanOfNothingIsZero() {
        Mean mean = new Mean("loss");
        assertEquals(0, mean.result(), "before any update");
        mean.update(tf, tf.constant(new float[0]));
        assertEquals(0, mean.result(), "after an empty batch");
        mean.update(tf, tf.constant(3f), 0);
        assertEquals(0, mean.result(), "with weight 0 only");
        mean.reset();
        assertEquals(0, mean.result(), "after a reset");
    }

    @Test
    void nonFiniteNumbersAreNotHidden() {
        Mean mean = new Mean("loss");
        mean.update(tf, tf.constant(Float.NaN));
        mean.update(tf, tf.constant(1f));
        assertEquals(Double.NaN, mean.result());
        mean.reset();
        mean.update(tf, tf.constant(1f));
        assertEquals(1, mean.result(), "a reset forgets them");
    }

    @Test
    void amongTheMetricsOfATrainerAMeanAveragesThePredictions() {
        Mean mean = new Mean("mean");
        mean.update(tf, tf.constant(new int[] {9, 9}), tf.constant(new float[][] {{1, 2}, {3, 6}}));
        assertEquals(3, mean.result(), 1e-12);
    }

    @Test
    void accuracyTakesTargetsOfEveryTypeAndRank() {
        Operand<TFloat32> rows = tf.constant(new float[][] {{1, 2, 0}, {5, 4, 3}});
        Operand<TFloat32> cube = tf.constant(new float[][][] {{{1, 2, 0}, {5, 4, 3}}, {{0, 0, 1}, {0, 1, 0}}});
        assertEquals(0.5, accuracy(tf.constant(new int[] {1, 2}), rows));
        assertEquals(0.5, accuracy(tf.constant(new long[] {1, 2}), rows));
        assertEquals(0.5, accuracy(tf.constant(new float[] {1, 2}), rows));
        assertEquals(1, accuracy(tf.constant(new int[][] {{1}, {0}}), rows));
        assertEquals(0.75, accuracy(tf.constant(new int[][] {{1, 0}, {2, 2}}), cube));
        assertEquals(0.75, accuracy(tf.constant(new int[][][] {{{1}, {0}}, {{2}, {2}}}), cube));
        assertEquals(0, accuracy(tf.constant(new int[] {-1, 3}), rows), "labels out of range are wrong");
    }

    @Test
    void ofEqualScoresTheFirstCounts() {
        Operand<TFloat32> equal = tf.constant(new float[][] {{1, 1, 1}});
        assertEquals(1, accuracy(tf.constant(new int[] {0}), equal));
        assertEquals(0, accuracy(tf.constant(new int[] {1}), equal));
    }

    private double accuracy(Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        SparseCategoricalAccuracy accuracy = new SparseCategoricalAccuracy();
        accuracy.update(tf, target, prediction);
        return accuracy.result();
    }

    @Test
    void accuracyRefusesOtherShapesAndStaysAsItWas() {
        SparseCategoricalAccuracy accuracy = new SparseCategoricalAccuracy("hits");
        Operand<TFloat32> rows = tf.constant(new float[][] {{1, 2, 0}, {5, 4, 3}});
        accuracy.update(tf, tf.constant(new int[] {1, 2}), rows);
        for (Operand<? extends TNumber> target :
                List.of(tf.constant(new int[3]), tf.constant(new int[2][3]), tf.constant(0))) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> accuracy.update(tf, target, rows));
            assertTrue(error.getMessage().contains("'hits'"), error.getMessage());
            assertTrue(error.getMessage().contains(Tensors.describe(target)), error.getMessage());
        }
        assertEquals(0.5, accuracy.result());
    }

    @Test
    void aMetricOfOnesOwnKeepsItsOwnState() {
        Rms rms = new Rms();
        assertEquals(0, rms.result(), "before any update");
        rms.update(tf, tf.constant(new float[] {1, 2}), tf.constant(new float[] {4, 6}));
        rms.update(tf, tf.constant(new int[] {0, 0}), tf.constant(new float[] {0, 0}));
        assertEquals(Math.sqrt(25 / 4.0), rms.result(), 1e-12);
        assertEquals(List.of("rms/squares", "rms/count"), rms.state().names());
        rms.reset();
        rms.update(tf, tf.constant(new float[] {0}), tf.constant(new float[] {3}));
        assertEquals(3, rms.result(), 1e-12);
        assertEquals("Rms 'rms'", rms.toString());
    }

    @Test
    void aResultThatIsNoScalarIsRefused() {
        Columns columns = new Columns();
        columns.update(tf, tf.constant(0), tf.constant(new float[][] {{1, 2}}));
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, columns::result);
        assertTrue(error.getMessage().contains("float64 [2]"), error.getMessage());
        columns.reset();
        columns.update(tf, tf.constant(0), tf.constant(new float[][] {{1, 2}}));
        assertEquals(1, columns.state().size());
    }

    @Test
    void updatesInScopesLeaveNothingBehind() {
        Mean mean = new Mean("loss");
        mean.update(tf, tf.constant(1f));
        int live = session.liveHandles();
        for (int i = 0; i < 20; i++) {
            try (TensorScope step = session.scope()) {
                mean.update(tf, tf.constant(1f), 2);
            }
            mean.result();
            mean.reset();
        }
        assertEquals(live, session.liveHandles());
    }

    @Test
    void metricsOfTwoSessionsMerge() {
        SparseCategoricalAccuracy here = new SparseCategoricalAccuracy();
        SparseCategoricalAccuracy there = new SparseCategoricalAccuracy();
        here.update(tf, tf.constant(new int[] {1}), tf.constant(new float[][] {{0, 1}}));
        try (TapeSession other = TapeSession.builder().threads(1, 1).build()) {
            Ops tf2 = other.tf();
            there.update(tf2, tf2.constant(new int[] {1, 1, 1}), tf2.constant(new float[][] {{1, 0}, {0, 1}, {1, 0}}));
            here.merge(there);
            assertEquals(1 / 3.0, there.result(), 1e-12, "the other is as it was");
        }
        assertEquals(0.5, here.result(), 1e-12);
        here.merge(new SparseCategoricalAccuracy());
        assertEquals(0.5, here.result(), 1e-12, "one that measured nothing adds nothing");
    }

    @Test
    void aMetricThatMeasuredNothingTakesOverWhatAnotherDid() {
        Auc empty = new Auc().multiLabel(true);
        Auc full = new Auc().multiLabel(true);
        full.update(
                tf, tf.constant(new int[][] {{1, 0}, {0, 1}}), tf.constant(new float[][] {{0.9f, 0.4f}, {0.2f, 0.3f}}));
        empty.merge(full);
        assertEquals(0.5, full.result(), 1e-9);
        assertEquals(full.result(), empty.result());
        empty.merge(full);
        assertEquals(full.result(), empty.result(), 1e-12, "everything twice");
    }

    @Test
    void onlyMetricsOfOneKindMerge() {
        Mean mean = new Mean("loss");
        assertMergeFails(mean, Metric.of(new MeanSquaredError()), "'loss' takes another Mean");
        assertMergeFails(mean, mean, "itself");
        Auc coarse = new Auc().numThresholds(10);
        Auc fine = new Auc();
        coarse.update(tf, tf.constant(new int[] {1}), tf.constant(new float[] {1}));
        fine.update(tf, tf.constant(new int[] {1}), tf.constant(new float[] {1}));
        assertMergeFails(coarse, fine, "the same settings");
    }

    private static void assertMergeFails(Metric metric, Metric other, String message) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> metric.merge(other));
        assertTrue(error.getMessage().contains(message), error.getMessage());
    }

    @Test
    void weightsBelongToTheLeadingDimensions() {
        Operand<TFloat32> zeros = tf.constant(new float[2][2]);
        Operand<TFloat32> values = tf.constant(new float[][] {{1, 2}, {3, 6}});
        assertEquals(
                (1.5 * 0.5 + 4.5 * 1.5) / 2, weighted(zeros, values, tf.constant(new float[] {0.5f, 1.5f})), 1e-12);
        assertEquals(4.5, weighted(zeros, values, tf.constant(new int[][] {{0}, {2}})), 1e-12, "int32 [2, 1]");
        assertEquals((1 + 18) / 4.0, weighted(zeros, values, tf.constant(new float[][] {{1, 0}, {0, 3}})), 1e-12);
        assertEquals(3, weighted(zeros, values, tf.constant(7.0)), 1e-12, "a scalar");
        assertEquals(0, weighted(zeros, values, tf.constant(new float[] {0, 0})), "nothing counts");
        Operand<TFloat32> flat = tf.constant(new float[] {1, 3});
        assertEquals(
                2.5,
                weighted(tf.constant(new float[2]), flat, tf.constant(new float[][] {{1}, {3}})),
                1e-12,
                "[2, 1] for [2]");
    }

    private double weighted(
            Operand<? extends TNumber> target, Operand<TFloat32> prediction, Operand<? extends TNumber> weight) {
        Metric metric = new MeanDistance();
        metric.update(tf, target, prediction, weight);
        Metric loss = Metric.of(new MeanAbsoluteError());
        loss.update(tf, target, prediction, weight);
        assertEquals(metric.result(), loss.result(), 1e-12, "that of a loss");
        return metric.result();
    }

    @Test
    void aMetricThatTakesNoWeightsSaysSo() {
        Operand<TFloat32> one = tf.constant(new float[] {1});
        UnsupportedOperationException error =
                assertThrows(UnsupportedOperationException.class, () -> new Rms().update(tf, one, one, one));
        assertTrue(error.getMessage().contains("'rms' (Rms) takes no sample weights"), error.getMessage());
    }

    @Test
    void aMissingLastDimensionOfOneIsNoMistake() {
        Metric error = Metric.of(new MeanSquaredError());
        error.update(tf, tf.constant(new int[] {1, 2}), tf.constant(new float[][] {{2}, {4}}));
        error.update(tf, tf.constant(new int[][] {{1}, {2}}), tf.constant(new float[] {1, 2}));
        assertEquals(5 / 4.0, error.result(), 1e-12);
    }

    @Test
    void allButErrorsAreBetterWhenHigher() {
        assertTrue(new Auc().higherIsBetter() && new F1Score().higherIsBetter() && new MeanIoU(2).higherIsBetter());
        assertTrue(new R2Score().higherIsBetter() && new MeanCosineSimilarity().higherIsBetter());
        assertTrue(new TruePositives().higherIsBetter() && new Precision().higherIsBetter());
        assertTrue(new PrecisionAtRecall(0.5).higherIsBetter() && new TopKCategoricalAccuracy().higherIsBetter());
        assertFalse(new FalsePositives().higherIsBetter() || new FalseNegatives().higherIsBetter());
        assertFalse(Metric.of(new MeanSquaredError()).higherIsBetter() || new RootMeanSquaredError().higherIsBetter());
    }

    @Test
    void oneColumnIsScoredAboveAThreshold() {
        F1Score score = new F1Score().threshold(0.5);
        score.update(tf, tf.constant(new float[][] {{1}, {0}}), tf.constant(new float[][] {{0.1f}, {0.1f}}));
        assertEquals(0, score.result(), "a model that says no");
    }

    @Test
    void aColumnOfEqualTargetsHasNoScore() {
        R2Score score = new R2Score();
        score.update(tf, tf.constant(new float[][] {{1, 5}, {2, 5}}), tf.constant(new float[][] {{1, 5}, {2, 5}}));
        assertEquals(0.5, score.result(), 1e-12);
    }

    @Test
    void aMetricOfAClosedOrAnotherSessionIsRefused() {
        Mean mean = new Mean("loss");
        try (TapeSession other = TapeSession.builder().threads(1, 1).build()) {
            mean.update(other.tf(), other.tf().constant(1f));
            IllegalStateException error =
                    assertThrows(IllegalStateException.class, () -> mean.update(tf, tf.constant(1f), 2));
            assertTrue(error.getMessage().contains("'loss' belongs to another TapeSession"), error.getMessage());
            assertEquals(1, mean.result());
        }
        assertThrows(IllegalStateException.class, mean::result);
        assertThrows(IllegalStateException.class, mean::reset);
    }
}
