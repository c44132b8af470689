package io.github.tapeloop.layer;

/**
 * The mean under a window that moves over an image, for each channel; zeros that pad an edge do not count. As in Keras, the window moves by its own
 * size and the padding is {@link Padding#VALID} unless set.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 of the same rank and channels.
 */
public final class AveragePool2D extends Pool<AveragePool2D> {

    /** Creates a layer with a window of 2 rows and columns, as {@link MaxPool2D} has; Keras has no default here. */
    public AveragePool2D() {
        this(2);
    }

    /**
     * Creates a layer with a square window.
     *
     * @param poolSize height and width of the window, at least 1
     */
    public AveragePool2D(int poolSize) {
        this(poolSize, poolSize);
    }

    /**
     * Creates a layer.
     *
     * @param poolHeight height of the window, at least 1
     * @param poolWidth width of the window, at least 1
     */
    public AveragePool2D(int poolHeight, int poolWidth) {
        super("AvgPool", false, new Extent(poolHeight, poolWidth));
    }

    /**
     * How far the window moves.
     *
     * @param down step along the height, at least 1
     * @param right step along the width, at least 1
     * @return this
     */
    public AveragePool2D strides(int down, int right) {
        return strides(new Extent(down, right));
    }
}
