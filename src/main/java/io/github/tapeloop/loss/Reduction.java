package io.github.tapeloop.loss;

/**
 * How the values of the samples become one number. There is no "none" among them, since a {@link Loss} is a scalar:
 * {@link PerSampleLoss#values} gives the values themselves.
 */
public enum Reduction {

    /**
     * Σ weight·value / number of values. With a mask, the number of values that count. The number stays the divisor
     * whatever the weights are: weights of 2 double the loss.
     */
    SUM_OVER_BATCH_SIZE,

    /** Σ weight·value, over those that count. */
    SUM,

    /**
     * Σ weight·value / Σ weight, over those that count; 0 if the weights sum to 0. Weights [batch] of samples with several
     * values count for each value, so that equal weights give the mean; Keras divides by the sum of the weights as given.
     */
    MEAN_WITH_SAMPLE_WEIGHT
}
