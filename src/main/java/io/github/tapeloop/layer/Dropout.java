package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * Sets a random part of the input to zero in training and scales the rest by 1 / (1 - rate), so that the expected sum
 * stays (Srivastava et al. 2014). Does nothing in evaluation and prediction.
 */
public final class Dropout extends Layer {

    private final double rate;

    /**
     * Creates a layer.
     *
     * @param rate the part to drop, in [0, 1)
     */
    public Dropout(double rate) {
        this.rate = Require.fraction("Dropout rate", rate);
    }

    /**
     * Drops.
     *
     * @param pass says whether to train and gives the seed
     * @param x float32 of any shape
     * @return float32 of the same shape
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        requireTaken(x);
        if (!pass.training() || rate == 0) {
            return x;
        }
        Ops tf = pass.tf(this);
        return pass.keepMask(x, drop(pass, tf, x, rate, Dimensions.of(tf, x)));
    }

    /** Drops by a mask of a shape that broadcasts to that of x. */
    static Operand<TFloat32> drop(
            ForwardPass pass, Ops tf, Operand<TFloat32> x, double rate, Operand<? extends TNumber> maskShape) {
        return tf.math.mul(x, mask(pass, tf, rate, maskShape, x.type()));
    }

    /** Factors: 0 where something is dropped, 1 / (1 - rate) elsewhere. */
    static Operand<TFloat32> mask(
            ForwardPass pass, Ops tf, double rate, Operand<? extends TNumber> shape, Class<TFloat32> type) {
        Operand<TFloat32> uniform = Draws.uniform(pass, tf, shape, type);
        Operand<TFloat32> kept =
                tf.dtypes.cast(tf.math.greaterEqual(uniform, Tensors.constant(tf, rate, uniform.type())), type);
        return tf.math.mul(kept, Tensors.constant(tf, 1 / (1 - rate), type));
    }
}
