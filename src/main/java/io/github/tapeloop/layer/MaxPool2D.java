package io.github.tapeloop.layer;

/**
 * The largest value under a window that moves over an image, for each channel. As in Keras, the window moves by its own
 * size and the padding is {@link Padding#VALID} unless set.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 of the same rank and channels. A NaN in a window is passed over
 * where a number comes before it, as TensorFlow's kernel does; {@link GlobalMaxPool2D} gives NaN.
 */
public final class MaxPool2D extends Pool<MaxPool2D> {

    /** Creates a layer with a window of 2 rows and columns. */
    public MaxPool2D() {
        this(2);
    }

    /**
     * Creates a layer with a square window.
     *
     * @param poolSize height and width of the window, at least 1
     */
    public MaxPool2D(int poolSize) {
        this(poolSize, poolSize);
    }

    /**
     * Creates a layer.
     *
     * @param poolHeight height of the window, at least 1
     * @param poolWidth width of the window, at least 1
     */
    public MaxPool2D(int poolHeight, int poolWidth) {
        super("MaxPool", false, new Extent(poolHeight, poolWidth));
    }

    /**
     * How far the window moves.
     *
     * @param down step along the height, at least 1
     * @param right step along the width, at least 1
     * @return this
     */
    public MaxPool2D strides(int down, int right) {
        return strides(new Extent(down, right));
    }
}
