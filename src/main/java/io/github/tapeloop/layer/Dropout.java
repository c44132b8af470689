package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * Sets a random part of the input to zero in training and scales the rest by 1 / (1 - rate), so that the expected sum
 * stays (Srivastava et al. 2014). Does nothing in evaluation and prediction.
 */
public final class Dropout extends TrainingNoise {

    /**
     * Creates a layer.
     *
     * @param rate the part to drop, in [0, 1)
     */
    public Dropout(double rate) {
        super(Require.fraction("Dropout rate", rate));
    }

    @Override
    Operand<TFloat32> disturbed(ForwardPass pass, Ops tf, Operand<TFloat32> x, double rate) {
        return drop(pass, tf, x, rate, Dimensions.of(tf, x));
    }

    /** Drops by a mask of a shape that broadcasts to that of x. */
    static Operand<TFloat32> drop(
            ForwardPass pass, Ops tf, Operand<TFloat32> x, double rate, Operand<? extends TNumber> maskShape) {
        return drop(tf, x, rate, kept(pass, tf, rate, maskShape, x.type()));
    }

    /** Drops what a draw does not keep: it is left out, not multiplied by 0, which leaves ∞ and NaN what they are. */
    static Operand<TFloat32> drop(Ops tf, Operand<TFloat32> x, double rate, Operand<TBool> kept) {
        Operand<TFloat32> scaled = tf.math.mul(x, Tensors.constant(tf, 1 / (1 - rate), x.type()));
        return tf.select(kept, scaled, Tensors.constant(tf, 0, x.type()));
    }

    /** Draws what is kept, each element with the probability 1 - rate. */
    static Operand<TBool> kept(
            ForwardPass pass, Ops tf, double rate, Operand<? extends TNumber> shape, Class<TFloat32> type) {
        Operand<TFloat32> uniform = Draws.uniform(pass, tf, shape, type);
        return tf.math.greaterEqual(uniform, Tensors.constant(tf, rate, uniform.type()));
    }
}
