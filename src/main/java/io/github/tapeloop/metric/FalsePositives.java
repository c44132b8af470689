package io.github.tapeloop.metric;

/**
 * How many positive predictions are wrong, by weight. Targets are 0 and 1, predictions probabilities, both [batch,
 * …].
 */
public final class FalsePositives extends CountAtThreshold {

    /** Creates a metric named {@code false_positives}. */
    public FalsePositives() {
        this("false_positives");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public FalsePositives(String name) {
        super(name, Confusion::falsePositives);
    }

    /**
     * From where on a prediction is positive; 0.5 unless set. With several thresholds there is a result for each, which
     * {@link #results} gives.
     *
     * @param values a prediction above it is positive; in [0, 1], ascending
     * @return this
     */
    public FalsePositives thresholds(double... values) {
        setThresholds(values);
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public FalsePositives fromLogits(boolean logits) {
        setFromLogits(logits);
        return this;
    }

    @Override
    public boolean higherIsBetter() {
        return false;
    }
}
