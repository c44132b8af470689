package io.github.tapeloop.metric;

/**
 * The mean of max(1 - t p, 0)² over all elements. Labels are -1 and 1; if all labels of a batch are 0 or 1, 0 stands
 * for -1. Targets and predictions have the same shape, [batch, …].
 */
public final class SquaredHinge extends ErrorMetric {

    /** Creates a metric named {@code squared_hinge}. */
    public SquaredHinge() {
        this("squared_hinge");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public SquaredHinge(String name) {
        super(name, Formulas::squaredHinge);
    }
}
