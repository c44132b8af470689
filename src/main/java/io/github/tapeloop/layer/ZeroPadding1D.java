package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Adds zeros around series.
 *
 * <p>Input float32 [batch, steps, channels], output float32 of the same rank and channels, larger by what is set.
 */
public final class ZeroPadding1D extends Border {

    /** Creates a layer that adds one step at each end. */
    public ZeroPadding1D() {
        this(1);
    }

    /**
     * Creates a layer that treats both ends alike.
     *
     * @param padding steps to add at each end, at least 0
     */
    public ZeroPadding1D(int padding) {
        this(padding, padding);
    }

    /**
     * Creates a layer.
     *
     * @param start steps to add before, at least 0
     * @param end steps to add after, at least 0
     */
    public ZeroPadding1D(int start, int end) {
        super("padding", start, end);
    }

    @Override
    Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x) {
        return pad(tf, x);
    }
}
