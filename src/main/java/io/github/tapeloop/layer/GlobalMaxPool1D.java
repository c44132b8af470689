package io.github.tapeloop.layer;

/**
 * The largest value of each channel over all steps of a series.
 *
 * <p>Input float32 [batch, steps, channels], output float32 [batch, channels].
 */
public final class GlobalMaxPool1D extends GlobalPool<GlobalMaxPool1D> {

    /** Creates a layer. */
    public GlobalMaxPool1D() {
        super("Max", true);
    }
}
