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
public final class GaussianDropout extends TrainingNoise {

    /**
     * Creates a layer.
     *
     * @param rate as that of {@link Dropout}, in [0, 1)
     */
    public GaussianDropout(double rate) {
        super(Require.fraction("GaussianDropout rate", rate));
    }

    @Override
    Operand<TFloat32> disturbed(ForwardPass pass, Ops tf, Operand<TFloat32> x, double rate) {
        Operand<TFloat32> deviation =
                tf.math.mul(Draws.normal(pass, tf, x), Tensors.constant(tf, Math.sqrt(rate / (1 - rate)), x.type()));
        return tf.math.mul(x, tf.math.add(deviation, Tensors.constant(tf, 1, x.type())));
    }
}
