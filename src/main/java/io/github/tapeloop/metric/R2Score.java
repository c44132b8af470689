package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.List;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * The coefficient of determination 1 - Σ (t - p)² / Σ (t - mean(t))² of each column of [batch, columns], averaged: 1 if all
 * predictions are right, 0 if they are no better than the mean of the targets, less if they are worse. The score of a
 * column whose targets are all the same is 0, where Keras gives not-a-number if all its predictions are right.
 */
public final class R2Score extends WeightedMetric {

    /** How the scores of the columns are put together; Keras' {@code class_aggregation}. */
    public enum Aggregation {
        /** Not at all: {@link Metric#results} gives one score for each column, and {@link Metric#result} refuses. */
        NONE,
        /** Their mean. */
        UNIFORM_AVERAGE,
        /** Their mean weighted by the variance of the targets. */
        VARIANCE_WEIGHTED_AVERAGE
    }

    /** For each column Σ w, Σ w t, Σ w t², Σ w (t - p)², and how many targets there were. */
    private static final String SUMS = "sums";

    private Aggregation aggregation = Aggregation.UNIFORM_AVERAGE;
    private int numRegressors;

    /** Creates a metric named {@code r2_score}. */
    public R2Score() {
        this("r2_score");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public R2Score(String name) {
        super(name);
    }

    /**
     * How the scores of the columns are put together; their mean unless set.
     *
     * @param kind one of three
     * @return this
     */
    public R2Score aggregation(Aggregation kind) {
        settings.change(this, "aggregation");
        this.aggregation = Objects.requireNonNull(kind, "kind");
        return this;
    }

    /**
     * The number p of independent regressors, for the adjusted score 1 - (1 - R²) (n - 1) / (n - p - 1) of n targets, those
     * of all columns counted, as in Keras. With 0, which is the default, or if n is p + 1 or less, it is not adjusted.
     *
     * @param number 0 or more
     * @return this
     */
    public R2Score numRegressors(int number) {
        settings.change(this, "numRegressors");
        this.numRegressors = Require.atLeast(0, "numRegressors", number);
        return this;
    }

    @Override
    void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights) {
        Shape shape = Targets.requireTable(this, prediction);
        Operand<TFloat64> predicted = Tensors.cast(tf, prediction, TFloat64.class);
        Operand<TFloat64> wanted = Tensors.cast(tf, Targets.like(tf, this, target, prediction), TFloat64.class);
        Operand<TFloat64> each = weights.over(tf, predicted);
        Operand<TFloat64> weighted = tf.math.mul(each, wanted);
        Operand<TFloat64> rows = tf.stack(List.of(
                each,
                weighted,
                tf.math.mul(weighted, wanted),
                tf.math.mul(each, tf.math.squaredDifference(wanted, predicted)),
                tf.onesLike(wanted)));
        state(tf, SUMS, Shape.of(5, shape.get(1))).assignAdd(tf, tf.sum(rows, tf.constant(1)));
    }

    @Override
    protected Operand<? extends TNumber> compute(Ops tf) {
        Operand<TFloat64> sums = state(tf, SUMS, Shape.of(5, 1)).read(tf);
        Operand<TFloat64> sum = row(tf, sums, 1);
        Operand<TFloat64> mean = tf.math.divNoNan(sum, row(tf, sums, 0));
        Operand<TFloat64> variation = tf.math.sub(row(tf, sums, 2), tf.math.mul(sum, mean));
        Operand<TFloat64> one = tf.constant(1.0);
        Operand<TFloat64> residual = tf.math.divNoNan(row(tf, sums, 3), variation);
        Operand<TBool> varies = tf.math.notEqual(variation, tf.constant(0.0));
        Operand<TFloat64> scores = tf.select(varies, tf.math.sub(one, residual), tf.zerosLike(variation));
        Operand<TFloat64> score =
                switch (aggregation) {
                    case NONE -> scores;
                    case UNIFORM_AVERAGE -> tf.math.mean(scores, tf.constant(0));
                    case VARIANCE_WEIGHTED_AVERAGE ->
                        tf.math.divNoNan(
                                tf.sum(tf.math.mul(variation, scores), tf.constant(0)),
                                tf.sum(variation, tf.constant(0)));
                };
        return numRegressors == 0 ? score : adjusted(tf, score, tf.sum(row(tf, sums, 4), tf.constant(0)));
    }

    private Operand<TFloat64> adjusted(Ops tf, Operand<TFloat64> score, Operand<TFloat64> targets) {
        Operand<TFloat64> one = tf.constant(1.0);
        Operand<TFloat64> free = tf.math.sub(targets, tf.constant(numRegressors + 1.0));
        Operand<TFloat64> factor = tf.math.divNoNan(tf.math.sub(targets, one), free);
        Operand<TFloat64> adjusted = tf.math.sub(one, tf.math.mul(tf.math.sub(one, score), factor));
        return tf.select(tf.math.greater(free, tf.constant(0.0)), adjusted, score);
    }

    private static Operand<TFloat64> row(Ops tf, Operand<TFloat64> table, int index) {
        return tf.gather(table, tf.constant(index), tf.constant(0));
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
