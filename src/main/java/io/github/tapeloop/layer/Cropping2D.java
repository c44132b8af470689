package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Cuts off the edges of images.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 of the same rank and channels, smaller by what is set.
 */
public final class Cropping2D extends Border {

    /**
     * Creates a layer that treats all sides alike.
     *
     * @param cropping rows and columns to cut off at each side, at least 0
     */
    public Cropping2D(int cropping) {
        this(cropping, cropping, cropping, cropping);
    }

    /**
     * Creates a layer that treats opposite sides alike.
     *
     * @param rows rows to cut off above and below, at least 0
     * @param columns columns to cut off at either side, at least 0
     */
    public Cropping2D(int rows, int columns) {
        this(rows, rows, columns, columns);
    }

    /**
     * Creates a layer.
     *
     * @param top rows to cut off above, at least 0
     * @param bottom rows to cut off below, at least 0
     * @param left columns to cut off on the left, at least 0
     * @param right columns to cut off on the right, at least 0
     */
    public Cropping2D(int top, int bottom, int left, int right) {
        super("cropping", top, bottom, left, right);
    }

    @Override
    Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x) {
        return crop(tf, x);
    }
}
