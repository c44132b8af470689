package io.github.tapeloop.metric;

/**
 * The mean of 100 |t - p| / max(|t|, 1e-7) over all elements, in percent. Targets and predictions have the same
 * shape, [batch, …].
 */
public final class MeanAbsolutePercentageError extends ErrorMetric {

    /** Creates a metric named {@code mean_absolute_percentage_error}. */
    public MeanAbsolutePercentageError() {
        this("mean_absolute_percentage_error");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public MeanAbsolutePercentageError(String name) {
        super(name, Formulas::absolutePercentageError);
    }
}
