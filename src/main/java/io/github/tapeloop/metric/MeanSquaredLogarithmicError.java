package io.github.tapeloop.metric;

/**
 * The mean of (log(p + 1) - log(t + 1))² over all elements, p and t taken as 1e-7 at least. Targets and predictions
 * have the same shape, [batch, …].
 */
public final class MeanSquaredLogarithmicError extends ErrorMetric {

    /** Creates a metric named {@code mean_squared_logarithmic_error}. */
    public MeanSquaredLogarithmicError() {
        this("mean_squared_logarithmic_error");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public MeanSquaredLogarithmicError(String name) {
        super(name, Formulas::squaredLogarithmicError);
    }
}
