package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/**
 * The best recall at all thresholds where the precision is at least a given value; 0 if it is nowhere. Targets are 0
 * and 1, predictions probabilities, both [batch, …].
 */
public final class RecallAtPrecision extends BestUnderConstraint {

    /**
     * Creates a metric named {@code recall_at_precision}.
     *
     * @param precision the precision to reach at least, in [0, 1]
     */
    public RecallAtPrecision(double precision) {
        this(precision, "recall_at_precision");
    }

    /**
     * Creates a metric.
     *
     * @param precision the precision to reach at least, in [0, 1]
     * @param name its name in logs and history
     */
    public RecallAtPrecision(double precision, String name) {
        super(name, "precision", precision);
    }

    /**
     * How many thresholds are tried, evenly spaced from 0 to 1; 200 unless set.
     *
     * @param count from 2 to 2^24: float32 predictions are no closer to each other
     * @return this
     */
    public RecallAtPrecision numThresholds(int count) {
        setNumThresholds(count);
        return this;
    }

    /**
     * Looks at one class only, the last dimension being the classes; all elements count unless set.
     *
     * @param id the class, from 0
     * @return this
     */
    public RecallAtPrecision classId(int id) {
        setClassId(id);
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public RecallAtPrecision fromLogits(boolean logits) {
        setFromLogits(logits);
        return this;
    }

    @Override
    Operand<TFloat64> constrained(Ops tf, Confusion counts) {
        return counts.precision(tf);
    }

    @Override
    Operand<TFloat64> wanted(Ops tf, Confusion counts) {
        return counts.recall(tf);
    }
}
