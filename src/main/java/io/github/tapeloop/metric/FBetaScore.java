package io.github.tapeloop.metric;

/**
 * The weighted harmonic mean of precision and recall, (1 + β²) P R / (β² P + R): with β above 1 recall counts more.
 * It is computed for each class, the last dimension, and averaged. Targets are 0 and 1, one or several in a row,
 * predictions scores, both [batch, classes].
 */
public final class FBetaScore extends FScore {

    /**
     * Creates a metric named {@code fbeta_score}.
     *
     * @param beta greater than 0; Keras' default is 1
     */
    public FBetaScore(double beta) {
        this(beta, "fbeta_score");
    }

    /**
     * Creates a metric.
     *
     * @param beta greater than 0
     * @param name its name in logs and history
     */
    public FBetaScore(double beta, String name) {
        super(name, beta);
    }

    /**
     * How the scores of the classes are put together; {@link Average#MACRO}, their mean, unless set, so that a trainer has
     * one number to log. Keras' default is {@link Average#NONE}.
     *
     * @param kind one of four
     * @return this
     */
    public FBetaScore average(Average kind) {
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
    public FBetaScore threshold(double limit) {
        setThreshold(limit);
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public FBetaScore fromLogits(boolean logits) {
        setFromLogits(logits);
        return this;
    }

    /** How a metric that has a value for each class, or for each column of a table, makes one of them. */
    public enum Average {
        /** Not at all: {@link Metric#results} gives one value for each class, and {@link Metric#result} refuses. */
        NONE,
        /** From the counts of all classes together. */
        MICRO,
        /** The mean of the values of all classes. */
        MACRO,
        /** The mean of the values of all classes, each weighted by how often the class is a target. */
        WEIGHTED
    }
}
