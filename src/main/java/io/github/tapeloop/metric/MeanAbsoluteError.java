package io.github.tapeloop.metric;

/**
 * The mean of |p - t| over all elements. Targets and predictions have the same shape, [batch, …].
 */
public final class MeanAbsoluteError extends ErrorMetric {

    /** Creates a metric named {@code mean_absolute_error}. */
    public MeanAbsoluteError() {
        this("mean_absolute_error");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public MeanAbsoluteError(String name) {
        super(name, Formulas::absoluteError);
    }
}
