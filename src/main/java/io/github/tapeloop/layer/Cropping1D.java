package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Cuts off the edges of series.
 *
 * <p>Input float32 [batch, steps, channels], output float32 of the same rank and channels, smaller by what is set.
 */
public final class Cropping1D extends Border {

    /** Creates a layer that cuts off one step at each end. */
    public Cropping1D() {
        this(1);
    }

    /**
     * Creates a layer that treats both ends alike.
     *
     * @param cropping steps to cut off at each end, at least 0
     */
    public Cropping1D(int cropping) {
        this(cropping, cropping);
    }

    /**
     * Creates a layer.
     *
     * @param start steps to cut off before, at least 0
     * @param end steps to cut off after, at least 0
     */
    public Cropping1D(int start, int end) {
        super("cropping", start, end);
    }

    @Override
    Operand<TFloat32> apply(Ops tf, Operand<TFloat32> x) {
        return crop(tf, x);
    }
}
