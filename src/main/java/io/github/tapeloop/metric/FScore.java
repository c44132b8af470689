package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.List;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Max;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * The weighted harmonic mean of precision and recall. The state is, for each class, the number of true positives, of
 * positive predictions, and of positive targets.
 */
abstract class FScore extends WeightedMetric {

    private static final String COUNTS = "counts";

    /** What a score must exceed to be the highest of its row: a row of zeros has none. */
    private static final double LEAST = 1e-9;

    private final double beta;
    private final Probabilities probabilities = new Probabilities(this);
    private FBetaScore.Average average = FBetaScore.Average.MACRO;
    private double threshold = Double.NaN;

    FScore(String name, double beta) {
        super(name);
        this.beta = Require.positive("beta", beta);
    }

    final void setAverage(FBetaScore.Average kind) {
        settings.change(this, "average");
        this.average = Objects.requireNonNull(kind, "kind");
    }

    final void setThreshold(double limit) {
        settings.change(this, "threshold");
        this.threshold = Require.positiveFraction("threshold", limit);
    }

    final void setFromLogits(boolean logits) {
        probabilities.fromLogits(logits);
    }

    @Override
    public final void beside(Loss loss) {
        probabilities.beside(loss);
    }

    @Override
    public final Loss.Scale predictionScale() {
        return probabilities.scale();
    }

    @Override
    public final Loss.Scale targetScale() {
        return Loss.Scale.PROBABILITIES;
    }

    @Override
    final void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights) {
        Shape shape = Targets.requireTable(this, prediction);
        Operand<TFloat64> wanted = Tensors.cast(tf, Targets.like(tf, this, target, prediction), TFloat64.class);
        Operand<TFloat32> shown = weights.shown(tf, probabilities.of(tf, prediction), Double.NEGATIVE_INFINITY);
        Operand<TFloat64> chosen = Tensors.cast(tf, chosen(tf, shown), TFloat64.class);
        Operand<TFloat64> unknown = weights.unknown(tf, Targets.unknown(tf, wanted, shown));
        Operand<TFloat64> weighted = weights.times(tf, wanted);
        Operand<TFloat64> rows = tf.stack(List.of(tf.math.mul(weighted, chosen), weights.times(tf, chosen), weighted));
        state(tf, COUNTS, Shape.of(3, shape.get(1))).assignAdd(tf, tf.math.add(tf.sum(rows, tf.constant(1)), unknown));
    }

    private Operand<TBool> chosen(Ops tf, Operand<TFloat32> prediction) {
        if (!Double.isNaN(threshold)) {
            return tf.math.greater(prediction, Formulas.number(tf, threshold, prediction));
        }
        if (Tensors.shape(prediction).get(1) == 1) {
            throw new IllegalArgumentException("Metric '" + name() + "' has no threshold, so the highest of each row is"
                    + " positive, which with one column is each: set threshold(0.5), got "
                    + Tensors.describe(prediction));
        }
        Operand<TFloat32> highest = tf.max(prediction, tf.constant(-1), Max.keepDims(true));
        Operand<TFloat32> least = Formulas.number(tf, LEAST, prediction);
        return tf.math.logicalAnd(
                tf.math.greaterEqual(prediction, highest), tf.math.greater(tf.math.abs(prediction), least));
    }

    @Override
    protected final Operand<? extends TNumber> compute(Ops tf) {
        Operand<TFloat64> counts = state(tf, COUNTS, Shape.of(3, 1)).read(tf);
        if (average == FBetaScore.Average.MICRO) {
            counts = tf.sum(counts, tf.constant(1));
        }
        Operand<TFloat64> hits = row(tf, counts, 0);
        Operand<TFloat64> support = row(tf, counts, 2);
        Operand<TFloat64> precision = share(tf, hits, row(tf, counts, 1));
        Operand<TFloat64> recall = share(tf, hits, support);
        Operand<TFloat64> squared = tf.constant(beta * beta);
        Operand<TFloat64> mean =
                share(tf, tf.math.mul(precision, recall), tf.math.add(tf.math.mul(squared, precision), recall));
        Operand<TFloat64> scores = tf.math.mul(mean, tf.constant(1 + beta * beta));
        return switch (average) {
            case NONE, MICRO -> scores;
            case MACRO -> tf.math.mean(scores, tf.constant(0));
            case WEIGHTED ->
                share(tf, tf.sum(tf.math.mul(scores, support), tf.constant(0)), tf.sum(support, tf.constant(0)));
        };
    }

    private static Operand<TFloat64> row(Ops tf, Operand<TFloat64> table, int index) {
        return tf.gather(table, tf.constant(index), tf.constant(0));
    }

    /** a / (b + 1e-7). */
    private static Operand<TFloat64> share(Ops tf, Operand<TFloat64> part, Operand<TFloat64> whole) {
        return tf.math.div(part, tf.math.add(whole, tf.constant(Formulas.EPSILON)));
    }

    @Override
    public final boolean higherIsBetter() {
        return true;
    }
}
