package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Repeats each step of a series.
 *
 * <p>Input float32 [batch, steps, channels] of known steps, output float32 [batch, steps · size, channels].
 */
public final class UpSampling1D extends Layer {

    private final int size;

    /** Creates a layer that doubles each step. */
    public UpSampling1D() {
        this(2);
    }

    /**
     * Creates a layer.
     *
     * @param size how often to repeat each step, at least 1
     */
    public UpSampling1D(int size) {
        this.size = Images.requirePositive(this, "size", size);
    }

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    /**
     * Repeats.
     *
     * @param pass makes ops
     * @param x float32 [batch, steps, channels] of known steps
     * @return float32 [batch, steps · size, channels]
     * @throws IllegalArgumentException if x has other than 3 dimensions, or the steps are not known
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        long channels = Images.require(this, x, true).get(2);
        long steps = Images.requireKnownSizes(this, x).width();
        Operand<TFloat32> repeated = Images.repeat(tf, x, channels, size);
        return tf.reshape(repeated, tf.constant(new long[] {-1, steps * size, channels}));
    }
}
