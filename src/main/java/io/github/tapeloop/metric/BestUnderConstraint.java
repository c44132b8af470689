package io.github.tapeloop.metric;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** The best of one ratio at all thresholds where another ratio is at least a given value; 0 if it is nowhere. */
abstract class BestUnderConstraint extends ClassMetric {

    /** What sums of weights in float64 are off by. */
    private static final double ROUNDING = 1e-12;

    private final double least;

    BestUnderConstraint(String name, String option, double least) {
        super(name, Ends.NONE_ABOVE);
        this.least = Require.probability(option, least);
        setNumThresholds(200);
    }

    /** Thresholds 0, 1 / (n - 1), …, 1; the last, which no prediction exceeds, is left to the histogram's end. */
    final void setNumThresholds(int count) {
        settings.change(this, "numThresholds");
        double[] inner = between(countOfThresholds(count));
        double[] thresholds = new double[count - 1];
        System.arraycopy(inner, 0, thresholds, 1, inner.length);
        replaceThresholds(thresholds);
    }

    /** The ratio that must be at least the given value. */
    abstract Operand<TFloat64> constrained(Ops tf, Confusion counts);

    /** The ratio to be as high as possible. */
    abstract Operand<TFloat64> wanted(Ops tf, Confusion counts);

    @Override
    protected final Operand<? extends TNumber> compute(Ops tf) {
        Confusion counts = confusion(tf);
        Operand<TFloat64> ratio = wanted(tf, counts);
        Operand<TBool> feasible = tf.math.greaterEqual(constrained(tf, counts), tf.constant(least - ROUNDING));
        Operand<TFloat64> best = tf.max(tf.select(feasible, ratio, tf.zerosLike(ratio)), tf.constant(new int[] {0, 1}));
        // Not a number is not the largest of some, but all are not a number where one is.
        Operand<TFloat64> any = tf.sum(ratio, tf.constant(new int[] {0, 1}));
        return tf.select(tf.math.isNan(any), any, best);
    }
}
