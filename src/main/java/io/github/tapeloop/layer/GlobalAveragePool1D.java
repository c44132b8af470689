package io.github.tapeloop.layer;

/**
 * The mean of each channel over all steps of a series.
 *
 * <p>Input float32 [batch, steps, channels], output float32 [batch, channels].
 */
public final class GlobalAveragePool1D extends GlobalPool<GlobalAveragePool1D> {

    /** Creates a layer. */
    public GlobalAveragePool1D() {
        super("Mean", true);
    }
}
