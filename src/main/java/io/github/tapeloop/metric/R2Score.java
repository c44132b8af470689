package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.List;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
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

    /**
     * For each column: one of its targets; of the targets less that one Σ w, the mean, and Σ w (t - mean)²; Σ w (t - p)²; how
     * many targets there were, and how many of them counted. Σ w t² would have lost the variation of large targets.
     */
    private static final String MOMENTS = "moments";

    private static final int ORIGIN = 0;
    private static final int WEIGHT = 1;
    private static final int MEAN = 2;
    private static final int VARIATION = 3;
    private static final int ERROR = 4;
    private static final int TARGETS = 5;
    private static final int COUNTED = 6;
    private static final int ROWS = 7;

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
        Operand<TBool> counts = tf.math.notEqual(each, tf.constant(0.0));
        Operand<TInt32> batch = tf.constant(0);
        Operand<TFloat64> before =
                state(tf, MOMENTS, Shape.of(ROWS, shape.get(1))).read(tf);
        Operand<TFloat64> some = row(tf, before, COUNTED);
        // Any target will do that counts. Less it, targets that are all the same are 0, exactly.
        Operand<TFloat64> any = tf.max(tf.select(counts, wanted, tf.constant(Double.NEGATIVE_INFINITY)), batch);
        Operand<TFloat64> first = tf.select(tf.reduceAny(counts, batch), any, tf.zerosLike(any));
        Operand<TFloat64> origin = tf.select(tf.math.greater(some, tf.constant(0.0)), row(tf, before, ORIGIN), first);
        Operand<TFloat64> shifted = tf.math.sub(wanted, origin);
        Operand<TFloat64> weight = tf.sum(each, batch);
        Operand<TFloat64> mean = tf.math.divNoNan(tf.sum(tf.math.mulNoNan(shifted, each), batch), weight);
        Operand<TFloat64> variation = tf.sum(tf.math.mulNoNan(tf.math.squaredDifference(shifted, mean), each), batch);
        Operand<TFloat64> error = tf.sum(tf.math.mulNoNan(tf.math.squaredDifference(wanted, predicted), each), batch);
        Operand<TFloat64> apart = tf.math.sub(mean, row(tf, before, MEAN));
        Operand<TFloat64> all = tf.math.add(weight, row(tf, before, WEIGHT));
        Operand<TFloat64> moved = tf.math.mul(apart, tf.math.divNoNan(weight, all));
        Operand<TFloat64> between = tf.math.mul(tf.math.mul(moved, apart), row(tf, before, WEIGHT));
        state(tf, MOMENTS, Shape.of(ROWS, shape.get(1)))
                .assign(
                        tf,
                        tf.stack(List.of(
                                origin,
                                all,
                                tf.math.add(row(tf, before, MEAN), moved),
                                tf.math.add(row(tf, before, VARIATION), tf.math.add(variation, between)),
                                tf.math.add(row(tf, before, ERROR), error),
                                tf.math.add(row(tf, before, TARGETS), tf.sum(tf.onesLike(wanted), batch)),
                                tf.math.add(some, tf.sum(Tensors.cast(tf, counts, TFloat64.class), batch)))));
    }

    /** Chan, Golub and LeVeque 1979, as an update does with a batch. */
    @Override
    double[] merged(String state, double[] ours, double[] theirs) {
        int columns = ours.length / ROWS;
        double[] merged = new double[ours.length];
        for (int i = 0; i < columns; i++) {
            int column = i;
            IntToDoubleFunction a = row -> ours[row * columns + column];
            IntToDoubleFunction b = row -> theirs[row * columns + column];
            double origin = a.applyAsDouble(COUNTED) > 0 ? a.applyAsDouble(ORIGIN) : b.applyAsDouble(ORIGIN);
            double weight = a.applyAsDouble(WEIGHT) + b.applyAsDouble(WEIGHT);
            double apart = b.applyAsDouble(COUNTED) > 0
                    ? b.applyAsDouble(ORIGIN) - origin + b.applyAsDouble(MEAN) - a.applyAsDouble(MEAN)
                    : 0;
            double moved = weight == 0 ? 0 : apart * (b.applyAsDouble(WEIGHT) / weight);
            double[] rows = {
                origin,
                weight,
                a.applyAsDouble(MEAN) + moved,
                a.applyAsDouble(VARIATION) + b.applyAsDouble(VARIATION) + moved * apart * a.applyAsDouble(WEIGHT),
                a.applyAsDouble(ERROR) + b.applyAsDouble(ERROR),
                a.applyAsDouble(TARGETS) + b.applyAsDouble(TARGETS),
                a.applyAsDouble(COUNTED) + b.applyAsDouble(COUNTED)
            };
            for (int row = 0; row < ROWS; row++) {
                merged[row * columns + i] = rows[row];
            }
        }
        return merged;
    }

    @Override
    protected Operand<? extends TNumber> compute(Ops tf) {
        Operand<TFloat64> moments = state(tf, MOMENTS, Shape.of(ROWS, 1)).read(tf);
        Operand<TFloat64> variation = row(tf, moments, VARIATION);
        Operand<TFloat64> error = row(tf, moments, ERROR);
        Operand<TFloat64> none = tf.select(tf.math.isNan(error), error, tf.zerosLike(error));
        Operand<TBool> varies = tf.math.notEqual(variation, tf.constant(0.0));
        Operand<TFloat64> residual = tf.math.divNoNan(error, variation);
        Operand<TFloat64> scores = tf.select(varies, tf.math.sub(tf.constant(1.0), residual), none);
        Operand<TFloat64> score =
                switch (aggregation) {
                    case NONE -> scores;
                    case UNIFORM_AVERAGE -> tf.math.mean(scores, tf.constant(0));
                    case VARIANCE_WEIGHTED_AVERAGE ->
                        tf.math.divNoNan(
                                tf.sum(tf.math.mul(variation, scores), tf.constant(0)),
                                tf.sum(variation, tf.constant(0)));
                };
        return numRegressors == 0 ? score : adjusted(tf, score, tf.sum(row(tf, moments, TARGETS), tf.constant(0)));
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
