package io.github.tapeloop.metric;

/**
 * The mean over rows of max(max((1 - t) p) - Σ t p + 1, 0) over the last dimension. Targets are one-hot, both are
 * [batch, …, classes].
 */
public final class CategoricalHinge extends ErrorMetric {

    /** Creates a metric named {@code categorical_hinge}. */
    public CategoricalHinge() {
        this("categorical_hinge");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public CategoricalHinge(String name) {
        super(name, Formulas::categoricalHinge);
    }
}
