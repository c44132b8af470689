package io.github.tapeloop.metric;

/**
 * How many negative predictions are right, by weight. Targets are 0 and 1, predictions probabilities, both [batch,
 * …].
 */
public final class TrueNegatives extends CountAtThreshold {

    /** Creates a metric named {@code true_negatives}. */
    public TrueNegatives() {
        this("true_negatives");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public TrueNegatives(String name) {
        super(name, Confusion::trueNegatives);
    }

    /**
     * From where on a prediction is positive; 0.5 unless set. With several thresholds there is a result for each, which
     * {@link #results} gives.
     *
     * @param values a prediction above it is positive; in [0, 1], ascending
     * @return this
     */
    public TrueNegatives thresholds(double... values) {
        setThresholds(values);
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public TrueNegatives fromLogits(boolean logits) {
        setFromLogits(logits);
        return this;
    }
}
