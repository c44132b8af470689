package io.github.tapeloop.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** Where the arithmetic of a metric could leave an answer that is none: large numbers, equal numbers, infinite numbers. */
class MetricEdgesTest {

    private static final float MASKED = Float.NEGATIVE_INFINITY;

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    @SuppressWarnings("unchecked") // float64 flows through TFloat32 signatures.
    private Operand<TFloat32> exact(double... column) {
        double[][] rows = Arrays.stream(column).mapToObj(x -> new double[] {x}).toArray(double[][]::new);
        return (Operand<TFloat32>) (Operand<?>) tf.constant(rows);
    }

    private static float[][] filled(int size, double value) {
        float[][] rows = new float[size][1];
        for (float[] row : rows) {
            row[0] = (float) value;
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 100, 300, 1000, 10_000, 100_000})
    void targetsThatAreAllTheSameHaveNoScore(int size) {
        for (double target : new double[] {0.1, 0.7, 1000.1, -3e20, 0}) {
            R2Score once = new R2Score();
            once.update(tf, tf.constant(filled(size, target)), tf.constant(filled(size, 0.2)));
            assertEquals(0, once.result(), "targets of " + target);
            R2Score other = new R2Score();
            for (int i = 0; i < 3; i++) {
                try (TensorScope batch = session.scope()) {
                    other.update(tf, tf.constant(filled(size, target)), tf.constant(filled(size, 0.3)));
                }
            }
            assertEquals(0, other.result(), "three batches of " + target);
            once.merge(other);
            assertEquals(0, once.result(), "merged, of " + target);
        }
    }

    @Test
    void theVariationOfLargeTargetsIsNotLost() {
        R2Score large = new R2Score();
        large.update(tf, exact(1e9, 1e9 + 1, 1e9 + 2), exact(1e9 + 1, 1e9 + 2, 1e9 + 3));
        assertEquals(-0.5, large.result(), 1e-12);
        R2Score far = new R2Score();
        far.update(tf, exact(999, 1000, 1001, 1000.5, 999.25), exact(1000, 1000, 1000, 1000, 1000));
        assertEquals(-0.0125 / 2.8, far.result(), 1e-12);
    }

    /** The first target is what others are taken relative to. */
    @Test
    void aScoreDoesNotDependOnHowDataIsCut() {
        double[] targets = {1e6, 3, 4.5, -2, 8, 3.25, 5, 0.5};
        double[] predictions = {9.9e5, 2, 5, -1, 8.5, 3, 4, 1};
        double mean = Arrays.stream(targets).average().orElseThrow();
        double error = 0;
        double variation = 0;
        for (int i = 0; i < targets.length; i++) {
            error += Math.pow(targets[i] - predictions[i], 2);
            variation += Math.pow(targets[i] - mean, 2);
        }
        for (int cut = 1; cut < targets.length; cut++) {
            R2Score whole = new R2Score();
            R2Score front = new R2Score();
            R2Score back = new R2Score();
            Operand<TFloat32> y = exact(Arrays.copyOf(targets, cut));
            Operand<TFloat32> p = exact(Arrays.copyOf(predictions, cut));
            Operand<TFloat32> restY = exact(Arrays.copyOfRange(targets, cut, 8));
            Operand<TFloat32> restP = exact(Arrays.copyOfRange(predictions, cut, 8));
            whole.update(tf, y, p);
            whole.update(tf, restY, restP);
            front.update(tf, y, p);
            back.update(tf, restY, restP);
            back.merge(front);
            assertEquals(1 - error / variation, whole.result(), 1e-12, "two batches, cut " + cut);
            assertEquals(1 - error / variation, back.result(), 1e-12, "two metrics, cut " + cut);
        }
    }

    @Test
    void correlationsAreThoseOfDeviationsHoweverLargeTheMean() {
        float[][] targets = {{1_000_000, 1_000_001, 1_000_002, 1_000_004}};
        float[][] predictions = {{2_000_000, 2_000_002, 2_000_004, 2_000_008}};
        PearsonCorrelation pearson = new PearsonCorrelation();
        pearson.update(tf, tf.constant(targets), tf.constant(predictions));
        assertEquals(1, pearson.result(), 1e-6);
        ConcordanceCorrelation concordance = new ConcordanceCorrelation();
        concordance.update(tf, tf.constant(targets), tf.constant(targets));
        assertEquals(1, concordance.result(), 1e-6);
        PearsonCorrelation constant = new PearsonCorrelation();
        constant.update(tf, tf.constant(new float[][] {{0.1f, 0.1f, 0.1f}}), tf.constant(new float[][] {{1, 2, 3}}));
        assertEquals(0, constant.result(), 1e-6, "rows of equal numbers go with nothing");
    }

    @Test
    void whatIsComputedAlongTheBatchTakesNoWeights() {
        Operand<TFloat32> square = tf.constant(new float[][] {{1, 2}, {3, 5}});
        for (Metric metric : new Metric[] {new PearsonCorrelation().axis(0), new ConcordanceCorrelation().axis(-2)}) {
            IllegalArgumentException refusal = assertThrows(
                    IllegalArgumentException.class,
                    () -> metric.update(tf, square, square, tf.constant(new float[] {1, 2})));
            assertTrue(refusal.getMessage().contains("takes no sample weights"), refusal.getMessage());
        }
    }

    /** 64 of 200 draws gave 0 where what is left of a difference kept the recall below 1. */
    @Test
    void aRecallOfOneIsReachedByAllPositives() {
        for (int draw = 0; draw < 200; draw++) {
            double[] weights = new double[7];
            double[] scores = new double[7];
            float[] labels = new float[7];
            for (int i = 0; i < 7; i++) {
                weights[i] = 0.1 + (draw * 7 + i) * 0.6180339887498949 % 1.0;
                scores[i] = (1 + draw * 3 + i * 5) * 0.7548776662466927 % 1.0;
                labels[i] = (draw + i) % 3 == 0 ? 1 : 0;
            }
            PrecisionAtRecall all = new PrecisionAtRecall(1);
            FalseNegatives missed = new FalseNegatives().thresholds(0);
            try (TensorScope scope = session.scope()) {
                Operand<TFloat32> p = tf.dtypes.cast(tf.constant(scores), TFloat32.class);
                all.update(tf, tf.constant(labels), p, tf.constant(weights));
                missed.update(tf, tf.constant(labels), p, tf.constant(weights));
            }
            double positive = 0;
            double sum = 0;
            for (int i = 0; i < 7; i++) {
                positive += labels[i] * weights[i];
                sum += weights[i];
            }
            assertTrue(all.result() >= positive / sum - 1e-9, "draw " + draw + ": " + all.result());
            assertEquals(0, missed.result(), "draw " + draw);
        }
    }

    @Test
    void aMaskedClassIsNoneOfTheRanking() {
        Operand<TFloat32> scores = tf.constant(new float[][] {{2, 1, MASKED}, {0, 3, MASKED}, {1, MASKED, 0}});
        Operand<TFloat32> oneHot = tf.constant(new float[][] {{1, 0, 0}, {1, 0, 0}, {0, 1, 0}});
        for (int k = 1; k <= 3; k++) {
            Metric dense = new TopKCategoricalAccuracy().k(k);
            Metric sparse = new SparseTopKCategoricalAccuracy().k(k);
            dense.update(tf, oneHot, scores);
            sparse.update(tf, tf.constant(new int[] {0, 0, 1}), scores);
            double expected = new double[] {1 / 3.0, 2 / 3.0, 1}[k - 1];
            assertEquals(expected, dense.result(), 1e-12, "k " + k);
            assertEquals(expected, sparse.result(), 1e-12, "k " + k);
        }
        Metric stray = new SparseTopKCategoricalAccuracy().k(3);
        stray.update(tf, tf.constant(new long[] {-1, 3, 1L << 32}), scores);
        assertEquals(0, stray.result(), "no class is among the best");
    }

    @Test
    void aMaskedClassIsNoneOfTheCrossEntropy() {
        Operand<TFloat32> y = tf.constant(new float[][] {{1, 0, 0}});
        Operand<TFloat32> x = tf.constant(new float[][] {{2, 1, MASKED}});
        Metric dense = Metric.of(CategoricalCrossentropy.fromLogits());
        Metric sparse = Metric.of(SparseCategoricalCrossentropy.fromLogits());
        dense.update(tf, y, x);
        sparse.update(tf, tf.constant(new int[] {0}), x);
        assertEquals(0.31326165795326233, dense.result(), 1e-7);
        assertEquals(0.31326165795326233, sparse.result(), 1e-7);
        Metric binary = Metric.of(BinaryCrossentropy.fromLogits());
        binary.update(tf, tf.constant(new float[][] {{0, 1, 0}}), tf.constant(new float[][] {{MASKED, -MASKED, 0}}));
        assertEquals(Math.log(2) / 3, binary.result(), 1e-7);
    }

    /** What float32 cannot tell apart float64 can. */
    @Test
    void ranksOfFloat64AreThoseOfFloat64() {
        double[][] scores = {{1, 1 + 1e-12, 0}};
        @SuppressWarnings("unchecked") // float64 flows through TFloat32 signatures.
        Operand<TFloat32> x = (Operand<TFloat32>) (Operand<?>) tf.constant(scores);
        Metric top = new SparseTopKCategoricalAccuracy().k(1);
        top.update(tf, tf.constant(new int[] {0}), x);
        assertEquals(0, top.result());
    }

    @Test
    void classNumbersThatCameOutOfArithmeticAreRounded() {
        Operand<TFloat64> labels = tf.constant(new double[] {0.9999999, 2.0000001, 0});
        Operand<TFloat32> scores = tf.constant(new float[][] {{0, 1, 0}, {0, 0, 1}, {1, 0, 0}});
        Metric accuracy = new SparseCategoricalAccuracy();
        accuracy.update(tf, labels, scores);
        assertEquals(1, accuracy.result());
        Metric loss = Metric.of(SparseCategoricalCrossentropy.fromLogits());
        loss.update(tf, labels, scores);
        assertEquals(Math.log(Math.E + 2) - 1, loss.result(), 1e-6);
        MeanIoU overlap = new MeanIoU(3);
        overlap.update(tf, labels, tf.constant(new float[] {1, 1.9999999f, 0.0000001f}));
        assertEquals(1, overlap.result(), 1e-6);
    }

    @Test
    void aLabelOfNoWeightIsLeftOutOfTheArea() {
        Auc auc = new Auc().multiLabel(true).labelWeights(1, 0);
        float[][] scores = {{0.9f, Float.NaN}, {0.1f, 0.5f}};
        auc.update(tf, tf.constant(new float[][] {{1, 0}, {0, 1}}), tf.constant(scores));
        assertEquals(1, auc.result(), 1e-6);
    }

    @Test
    void elementsOfNoWeightAreNoneOfTheBestOfTheirRow() {
        float[][] scores = {{Float.NaN, 0.6f, 0.2f}, {0.9f, 0.3f, 0.1f}};
        float[][] labels = {{0, 1, 0}, {0, 1, 0}};
        Operand<TFloat32> weights = tf.constant(new float[][] {{0, 1, 1}, {0, 1, 1}});
        Precision precision = new Precision().topK(1);
        precision.update(tf, tf.constant(labels), tf.constant(scores), weights);
        assertEquals(1, precision.result());
        F1Score score = new F1Score().average(FBetaScore.Average.NONE);
        score.update(tf, tf.constant(labels), tf.constant(scores), weights);
        assertArrayEquals(new double[] {0, 1, 0}, score.results(), 1e-6);
    }

    /** A pixel whose class is to be ignored may be predicted as anything, also as nothing. */
    @Test
    void whatAnOverlapIgnoresIsLeftOut() {
        float[][] ofClasses = {{0, 1, 1, 2}};
        float[][][] oneHot = {{{1, 0, 0}, {0, 1, 0}, {0, 1, 0}, {0, 0, 1}}};
        for (float what : new float[] {0, 1, Float.NaN, Float.POSITIVE_INFINITY}) {
            float[][] predicted = {{0, 1, 0, what}};
            float[][][] scores = {{{1, 0, 0}, {0, 1, 0}, {1, 0, 0}, {what, what, what}}};
            for (OverlapMetric metric : List.of(new MeanIoU(3).ignoreClass(2), new IoU(3, 0, 1).ignoreClass(2))) {
                metric.update(tf, tf.constant(ofClasses), tf.constant(predicted));
                assertEquals(0.5, metric.result(), 1e-6, metric.name() + " of " + what);
            }
            for (OverlapMetric metric : List.of(
                    new OneHotMeanIoU(3).ignoreClass(2),
                    new OneHotIoU(3, 0, 1).ignoreClass(2),
                    new MeanIoU(3).ignoreClass(2).sparseTarget(false).sparsePrediction(false))) {
                metric.update(tf, tf.constant(oneHot), tf.constant(scores));
                assertEquals(0.5, metric.result(), 1e-6, metric.name() + " of " + what);
            }
        }
        MeanIoU counts = new MeanIoU(3).ignoreClass(2);
        counts.update(tf, tf.constant(ofClasses), tf.constant(new float[][] {{0, 1, Float.NaN, 2}}));
        assertEquals(Double.NaN, counts.result());
    }
}
