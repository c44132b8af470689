package io.github.tapeloop.metric;

/**
 * The harmonic mean of precision and recall, 2 P R / (P + R). It is computed for each class, the last dimension, and
 * averaged. Targets are 0 and 1, one or several in a row, predictions scores, both [batch, classes].
 */
public final class F1Score extends FScore {

    /** Creates a metric named {@code f1_score}. */
    public F1Score() {
        this("f1_score");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public F1Score(String name) {
        super(name, 1);
    }

    /**
     * How the scores of the classes are put together; {@link FBetaScore.Average#MACRO}, their mean, unless set, so that a trainer has
     * one number to log. Keras' default is {@link FBetaScore.Average#NONE}.
     *
     * @param kind one of four
     * @return this
     */
    public F1Score average(FBetaScore.Average kind) {
        setAverage(kind);
        return this;
    }

    /**
     * From where on a prediction is positive. Unless set, the highest of each row is, if it is not 0;
     * predictions of one column need a threshold.
     *
     * @param limit a prediction above it is positive; greater than 0, at most 1
     * @return this
     */
    public F1Score threshold(double limit) {
        setThreshold(limit);
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public F1Score fromLogits(boolean logits) {
        setFromLogits(logits);
        return this;
    }
}
