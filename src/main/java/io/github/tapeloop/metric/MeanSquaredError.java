package io.github.tapeloop.metric;

/**
 * The mean of (p - t)² over all elements. Targets and predictions have the same shape, [batch, …].
 */
public final class MeanSquaredError extends ErrorMetric {

    /** Creates a metric named {@code mean_squared_error}. */
    public MeanSquaredError() {
        this("mean_squared_error");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public MeanSquaredError(String name) {
        super(name, Formulas::squaredError);
    }
}
