package io.github.tapeloop.metric;

/**
 * The mean of p - t log(p + 1e-7) over all elements: how unlikely counts t are under a Poisson distribution with mean
 * p. Targets and predictions have the same shape, [batch, …].
 */
public final class Poisson extends ErrorMetric {

    /** Creates a metric named {@code poisson}. */
    public Poisson() {
        this("poisson");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public Poisson(String name) {
        super(name, Formulas::poisson);
    }
}
