package io.github.tapeloop.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.CategoricalHinge;
import io.github.tapeloop.loss.CosineSimilarity;
import io.github.tapeloop.loss.Dice;
import io.github.tapeloop.loss.Hinge;
import io.github.tapeloop.loss.Huber;
import io.github.tapeloop.loss.KlDivergence;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanAbsolutePercentageError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.MeanSquaredLogarithmicError;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.loss.Poisson;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.loss.SquaredHinge;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Losses as metrics, beyond the values that the table of parts compares. */
class LossMetricTest {

    /** The mean of the predictions, one number for a batch. */
    private static final Loss MEAN = (tf, target, prediction) ->
            tf.math.mean(tf.reshape(prediction, tf.constant(new int[] {-1})), tf.constant(0));

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    /** The prediction itself; what is below 0 does not count. */
    private static final class Positive extends PerSampleLoss {
        @Override
        public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            return prediction;
        }

        @Override
        public Optional<Operand<? extends TType>> counted(
                Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Operand<TFloat32> values) {
            return Optional.of(tf.math.greaterEqual(values, tf.constant(0f)));
        }
    }

    /** The sum of the predictions, one number for a batch, although it extends a loss of samples. */
    private static final class Total extends PerSampleLoss {
        @Override
        public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            return tf.sum(prediction, tf.constant(0));
        }

        @Override
        public boolean isPerSample(Operand<TFloat32> prediction) {
            return false;
        }
    }

    private void update(Metric metric, float... predictions) {
        metric.update(tf, tf.constant(new float[predictions.length]), tf.constant(predictions));
    }

    private void updateWeighted(Metric metric, float[] weights, float... predictions) {
        metric.update(tf, tf.constant(new float[predictions.length]), tf.constant(predictions), tf.constant(weights));
    }

    static Stream<Loss> namedLosses() {
        return Stream.of(
                new MeanAbsoluteError(),
                new MeanAbsolutePercentageError(),
                new MeanSquaredError(),
                new MeanSquaredLogarithmicError(),
                new Hinge(),
                new SquaredHinge(),
                new CategoricalHinge(),
                new KlDivergence(),
                new Poisson(),
                new Huber(),
                BinaryCrossentropy.fromLogits(),
                SparseCategoricalCrossentropy.fromLogits());
    }

    @ParameterizedTest
    @MethodSource("namedLosses")
    void aMetricOfALossHasItsNameUnlessGivenAnotherAndIsBetterWhenLower(Loss loss) {
        Metric metric = Metric.of(loss);
        assertEquals(loss.name(), metric.name());
        assertFalse(metric.higherIsBetter());
        assertTrue(metric.hasDirection());
        assertEquals("error", Metric.of("error", loss).name());
        assertEquals(
                "Metric.of(" + loss.getClass().getSimpleName() + ") '" + loss.name() + "'",
                Metric.of(loss).toString());
    }

    @Test
    void theCosineIsBetterWhenHigherAndItsLossWhenLower() {
        Metric metric = new MeanCosineSimilarity();
        Metric loss = Metric.of(new CosineSimilarity());
        Operand<TFloat32> same = tf.constant(new float[][] {{3, 4}, {1, 0}});
        metric.update(tf, same, same);
        loss.update(tf, same, same);
        assertEquals(1, metric.result(), 1e-6);
        assertEquals(-1, loss.result(), 1e-6);
        assertTrue(metric.higherIsBetter());
        assertFalse(loss.higherIsBetter());
        assertEquals("cosine_similarity", metric.name());
        assertEquals("cosine_similarity", loss.name());
        assertEquals(0, new MeanCosineSimilarity().result());
    }

    @ParameterizedTest
    @MethodSource("reductions")
    void theReductionOfALossDoesNotReachItsMetric(Loss.Reduction reduction) {
        Metric metric = Metric.of(new MeanAbsoluteError().reduction(reduction));
        updateWeighted(metric, new float[] {1, 3}, 2, 4);
        updateWeighted(metric, new float[] {4}, 1);
        assertEquals((2 + 12 + 4) / 8.0, metric.result(), 1e-12);
    }

    static Stream<Loss.Reduction> reductions() {
        return Stream.of(Loss.Reduction.values());
    }

    @Test
    void whatALossLeavesOutItselfDoesNotCount() {
        Metric metric = Metric.of(new Positive());
        update(metric, 1, -5, 3);
        assertEquals(2, metric.result(), 1e-12);
        updateWeighted(metric, new float[] {2, 7}, 5, -1);
        assertEquals((4 + 10) / 4.0, metric.result(), 1e-12);
        Metric sparse = Metric.of(SparseCategoricalCrossentropy.fromLogits().ignoreClass(-1));
        sparse.update(tf, tf.constant(new int[] {-1, 0, -1}), tf.constant(new float[3][2]));
        assertEquals(Math.log(2), sparse.result(), 1e-6);
    }

    /** The loss counts the same. */
    @Test
    void aLossOfTheUserThatLeavesSomeOutIsReducedWithoutThem() {
        Operand<TFloat32> prediction = tf.constant(new float[] {1, -5, 3});
        assertEquals(2, session.scalar(new Positive().call(tf, prediction, prediction)), 1e-6);
    }

    @Test
    void oneNumberForABatchCountsAsOftenAsItHasExamples() {
        Metric lambda = Metric.of("mean", MEAN);
        update(lambda, 1, 1, 1);
        update(lambda, 5);
        assertEquals(2, lambda.result(), 1e-12);
        Metric total = Metric.of(new Total());
        update(total, 1, 2, 3);
        update(total, 2);
        assertEquals((3 * 6 + 2) / 4.0, total.result(), 1e-12);
        Metric dice = Metric.of(new Dice());
        dice.update(tf, tf.constant(new float[][] {{1}, {1}, {1}}), tf.constant(new float[][] {{1}, {1}, {1}}));
        dice.update(tf, tf.constant(new float[][] {{1}}), tf.constant(new float[][] {{0}}));
        assertEquals(0.25, dice.result(), 1e-6);
    }

    @Test
    void aBatchOfUnknownSizeCountsAsOftenAsItHasExamples() {
        Metric lambda = Metric.of("mean", MEAN);
        var open = new TracedFunction.Spec(DataType.DT_FLOAT, Shape.of(-1, 1));
        try (TracedFunction function = TracedFunction.trace(session, "update", List.of(open), (ops, in) -> {
            @SuppressWarnings("unchecked") // As specified.
            Operand<TFloat32> prediction = (Operand<TFloat32>) in.get(0);
            lambda.update(ops, prediction, prediction);
            return List.of(ops.constant(0f));
        })) {
            function.call(List.of(tf.constant(new float[][] {{1}, {1}, {1}})));
            function.call(List.of(tf.constant(new float[][] {{5}})));
        }
        assertEquals(2, lambda.result(), 1e-12);
    }

    @Test
    void oneNumberForABatchTakesNoWeightsAndSaysWhatWould() {
        for (Metric metric : List.of(Metric.of("mean", MEAN), Metric.of("mean", new Total()))) {
            IllegalArgumentException error = assertThrows(
                    IllegalArgumentException.class, () -> updateWeighted(metric, new float[] {1, 2}, 3, 4));
            assertTrue(error.getMessage().startsWith("Metric 'mean': "), error.getMessage());
            assertTrue(error.getMessage().contains("takes no sample"), error.getMessage());
            assertEquals(0, metric.state().size());
        }
    }

    @Test
    void aLossOfOnesOwnThatTakesWeightsIsAskedForThem() {
        Metric metric = Metric.of("weighted", new Loss() {
            @Override
            public Operand<TFloat32> call(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
                return MEAN.call(tf, target, prediction);
            }

            @Override
            public Operand<TFloat32> call(
                    Ops tf,
                    Operand<? extends TNumber> target,
                    Operand<TFloat32> prediction,
                    Operand<? extends TNumber> sampleWeight) {
                return MEAN.call(tf, target, tf.math.mul(prediction, tf.dtypes.cast(sampleWeight, TFloat32.class)));
            }
        });
        updateWeighted(metric, new float[] {1, 2}, 3, 4);
        assertEquals((3 + 8) / 2.0, metric.result(), 1e-6);
    }

    @Test
    void aLossThatGivesNoScalarIsRefused() {
        Metric metric = Metric.of("rows", (ops, target, prediction) -> prediction);
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> update(metric, 1, 2));
        assertTrue(error.getMessage().contains("'rows'"), error.getMessage());
        assertTrue(error.getMessage().contains("float32 [2]"), error.getMessage());
        assertTrue(error.getMessage().contains("extend PerSampleLoss"), error.getMessage());
    }

    @Test
    void weightsThatDoNotFitTheValuesAreRefused() {
        Operand<TFloat32> rows = tf.constant(new float[4][2]);
        List<Shape> sizes = List.of(Shape.of(3), Shape.of(4, 3), Shape.of(4, 2, 2), Shape.of(2));
        for (Metric metric : List.of(Metric.of(new MeanSquaredError()), Metric.of(new CategoricalHinge()))) {
            for (Shape size : sizes) {
                Operand<TFloat32> weights = tf.fill(tf.constant(size.asArray()), tf.constant(1f));
                IllegalArgumentException error =
                        assertThrows(IllegalArgumentException.class, () -> metric.update(tf, rows, rows, weights));
                assertTrue(error.getMessage().contains("got float32 " + size), error.getMessage());
            }
            assertEquals(0, metric.state().size());
        }
    }

    @Test
    void elementsCanHaveWeightsIfTheLossHasAValueForEach() {
        Operand<TFloat32> zeros = tf.constant(new float[2][2]);
        Operand<TFloat32> prediction = tf.constant(new float[][] {{1, 2}, {3, 4}});
        Operand<TFloat32> weights = tf.constant(new float[][] {{1, 0}, {0, 3}});
        Metric squares = Metric.of(new MeanSquaredError());
        squares.update(tf, zeros, prediction, weights);
        assertEquals((1 + 3 * 16) / 4.0, squares.result(), 1e-12);
        Metric hinge = Metric.of(new CategoricalHinge());
        assertThrows(IllegalArgumentException.class, () -> hinge.update(tf, zeros, prediction, weights));
    }

    @Test
    void sumsAreFloat64WhateverTheLossIs() {
        Metric metric = Metric.of(new MeanAbsoluteError());
        update(metric, 1 << 25);
        update(metric, 1, 1, 1);
        assertEquals(((1 << 25) + 3) / 4.0, metric.result(), "in float32 the ones would be lost");
    }

    @Test
    void metricsOfOneLossMergeAndOthersDoNot() {
        Metric errors = Metric.of(new MeanAbsoluteError());
        Metric more = Metric.of("other", new MeanAbsoluteError());
        update(errors, 1, 3);
        update(more, 8);
        errors.merge(more);
        assertEquals(4, errors.result(), 1e-12);
        for (Metric other : List.of(
                Metric.of(new MeanSquaredError()),
                Metric.of("mean", MEAN),
                new RootMeanSquaredError(),
                new Mean("mean"),
                new MeanCosineSimilarity())) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> errors.merge(other), other::toString);
            assertTrue(error.getMessage().contains("MeanAbsoluteError"), error.getMessage());
        }
        assertEquals(4, errors.result(), 1e-12);
    }
}
