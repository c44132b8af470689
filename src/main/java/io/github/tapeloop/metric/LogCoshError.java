package io.github.tapeloop.metric;

/**
 * The mean of log(cosh(p - t)) over all elements: like the squared error near 0, like the absolute error far from it.
 * Targets and predictions have the same shape, [batch, …].
 */
public final class LogCoshError extends ErrorMetric {

    /** Creates a metric named {@code logcosh}. */
    public LogCoshError() {
        this("logcosh");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public LogCoshError(String name) {
        super(name, Formulas::logCosh);
    }
}
