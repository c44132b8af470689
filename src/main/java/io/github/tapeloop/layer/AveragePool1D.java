package io.github.tapeloop.layer;

/**
 * The mean under a window that moves along a series, for each channel; zeros that pad an edge do not count. As in Keras, the window moves by its own
 * size and the padding is {@link Padding#VALID} unless set.
 *
 * <p>Input float32 [batch, steps, channels], output float32 of the same rank and channels.
 */
public final class AveragePool1D extends Pool<AveragePool1D> {

    /** Creates a layer with a window of 2 steps, as {@link MaxPool1D} has; Keras has no default here. */
    public AveragePool1D() {
        this(2);
    }

    /**
     * Creates a layer.
     *
     * @param poolSize steps in the window, at least 1
     */
    public AveragePool1D(int poolSize) {
        super("AvgPool", true, Extent.along(poolSize));
    }
}
