package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * The share of positive predictions that are right: TP / (TP + FP), 0 if there are none. Targets are 0 and 1,
 * predictions probabilities, both [batch, …].
 */
public final class Precision extends RatioAtThreshold {

    /** Creates a metric named {@code precision}. */
    public Precision() {
        this("precision");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public Precision(String name) {
        super(name);
    }

    /**
     * From where on a prediction is positive; 0.5 unless set. With several thresholds there is a result for each, which
     * {@link #results} gives.
     *
     * @param values a prediction above it is positive; in [0, 1], ascending
     * @return this
     */
    public Precision thresholds(double... values) {
        setGivenThresholds(values);
        return this;
    }

    /**
     * Takes only the k highest scores of each row as positive, whatever their value, or if thresholds are set those of them
     * above the threshold.
     *
     * @param k at least 1
     * @return this
     */
    public Precision topK(int k) {
        setTopK(k);
        return this;
    }

    /**
     * Looks at one class only, the last dimension being the classes; all elements count unless set.
     *
     * @param id the class, from 0
     * @return this
     */
    public Precision classId(int id) {
        setClassId(id);
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public Precision fromLogits(boolean logits) {
        setFromLogits(logits);
        return this;
    }

    @Override
    protected Operand<? extends TNumber> compute(Ops tf) {
        return perThreshold(tf, confusion(tf).precision(tf));
    }
}
