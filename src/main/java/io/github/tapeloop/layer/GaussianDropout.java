package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Multiplies by normal noise of mean 1 and standard deviation √(rate / (1 - rate)) in training: the noise that {@link
 * Dropout} makes, made smooth (Srivastava et al. 2014). Does nothing in evaluation and prediction.
 */
public final class GaussianDropout extends Layer {

    private final double rate;

    /**
     * Creates a layer.
     *
     * @param rate as that of {@link Dropout}, in [0, 1)
     */
    public GaussianDropout(double rate) {
        this.rate = Require.fraction("GaussianDropout rate", rate);
    }

    /**
     * Multiplies.
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
        Operand<TFloat32> deviation =
                tf.math.mul(Draws.normal(pass, tf, x), Tensors.constant(tf, Math.sqrt(rate / (1 - rate)), x.type()));
        return pass.keepMask(x, tf.math.mul(x, tf.math.add(deviation, Tensors.constant(tf, 1, x.type()))));
    }
}
