package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Adds normal noise of mean 0 in training. Does nothing in evaluation and prediction. */
public final class GaussianNoise extends Layer {

    private final double stddev;

    /**
     * Creates a layer.
     *
     * @param stddev standard deviation of the noise, at least 0
     */
    public GaussianNoise(double stddev) {
        this.stddev = Require.notNegative("GaussianNoise stddev", stddev);
    }

    /**
     * Adds noise.
     *
     * @param pass says whether to train and gives the seed
     * @param x float32 of any shape
     * @return float32 of the same shape
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        requireTaken(x);
        if (!pass.training() || stddev == 0) {
            return x;
        }
        Ops tf = pass.tf(this);
        return pass.keepMask(
                x, tf.math.add(x, tf.math.mul(Draws.normal(pass, tf, x), Tensors.constant(tf, stddev, x.type()))));
    }
}
