package io.github.tapeloop.metric;

/**
 * The mean over rows of the Kullback-Leibler divergence Σ t log(t / p) over the last dimension, t and p clipped to
 * [1e-7, 1]. Both are distributions, [batch, …, classes].
 */
public final class KlDivergence extends ErrorMetric {

    /** Creates a metric named {@code kl_divergence}. */
    public KlDivergence() {
        this("kl_divergence");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public KlDivergence(String name) {
        super(name, Formulas::klDivergence);
    }
}
