package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Adds zeros around images.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 of the same rank and channels, larger by what is set.
 */
public final class ZeroPadding2D extends Border {

    /** Creates a layer that adds one row or column at each side. */
    public ZeroPadding2D() {
        this(1);
    }

    /**
     * Creates a layer that treats all sides alike.
     *
     * @param padding rows and columns to add at each side, at least 0
     */
    public ZeroPadding2D(int padding) {
        this(padding, padding, padding, padding);
    }

    /**
     * Creates a layer that treats opposite sides alike.
     *
     * @param rows rows to add above and below, at least 0
     * @param columns columns to add at either side, at least 0
     */
    public ZeroPadding2D(int rows, int columns) {
        this(rows, rows, columns, columns);
    }

    /**
     * Creates a layer.
     *
     * @param top rows to add above, at least 0
     * @param bottom rows to add below, at least 0
     * @param left columns to add on the left, at least 0
     * @param right columns to add on the right, at least 0
     */
    public ZeroPadding2D(int top, int bottom, int left, int right) {
        super("padding", top, bottom, left, right);
    }

    @Override
    Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x) {
        return pad(tf, x);
    }
}
