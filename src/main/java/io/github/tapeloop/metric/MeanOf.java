package io.github.tapeloop.metric;

/** A mean of the library's own, which is safe to trace. */
abstract class MeanOf extends MeanMetric {

    MeanOf(String name) {
        super(name);
    }

    @Override
    public final boolean isTraceable() {
        return true;
    }
}
