package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Scales and shifts: x · scale + offset. Bytes come to [0, 1] by a scale of 1 / 255, to [-1, 1] by 1 / 127.5 and -1. */
public final class Rescaling extends Layer {

    private final double scale;
    private final double offset;

    /**
     * A layer without offset.
     *
     * @param scale what to multiply by
     */
    public Rescaling(double scale) {
        this(scale, 0);
    }

    /**
     * Creates a layer.
     *
     * @param scale what to multiply by
     * @param offset what to add then
     */
    public Rescaling(double scale, double offset) {
        this.scale = Require.finite("Rescaling scale", scale);
        this.offset = Require.finite("Rescaling offset", offset);
    }

    @Override
    protected InputType inputType() {
        return InputType.NUMBERS;
    }

    /**
     * Computes x · scale + offset.
     *
     * @param pass makes ops
     * @param x float32 of any shape, or whole numbers, which are cast to it
     * @return float32 of the same shape
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return pass.keepMask(x, FullPrecision.compute(pass, pass.tf(this, x), x, this::rescaled));
    }

    private Operand<TFloat32> rescaled(Ops tf, Operand<TFloat32> x) {
        Operand<TFloat32> scaled = tf.math.mul(x, Tensors.constant(tf, scale, x.type()));
        return offset == 0 ? scaled : tf.math.add(scaled, Tensors.constant(tf, offset, x.type()));
    }
}
