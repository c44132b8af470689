package io.github.tapeloop.layer;

/**
 * The largest value under a window that moves along a series, for each channel. As in Keras, the window moves by its own
 * size and the padding is {@link Padding#VALID} unless set.
 *
 * <p>Input float32 [batch, steps, channels], output float32 of the same rank and channels. A NaN in a window is passed over
 * where a number comes before it, as TensorFlow's kernel does; {@link GlobalMaxPool1D} gives NaN.
 */
public final class MaxPool1D extends Pool<MaxPool1D> {

    /** Creates a layer with a window of 2 steps. */
    public MaxPool1D() {
        this(2);
    }

    /**
     * Creates a layer.
     *
     * @param poolSize steps in the window, at least 1
     */
    public MaxPool1D(int poolSize) {
        super("MaxPool", true, Extent.along(poolSize));
    }
}
