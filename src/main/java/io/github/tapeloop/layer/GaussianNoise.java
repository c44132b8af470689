package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Adds normal noise of mean 0 in training. Does nothing in evaluation and prediction. */
public final class GaussianNoise extends TrainingNoise {

    /**
     * Creates a layer.
     *
     * @param stddev standard deviation of the noise, at least 0
     */
    public GaussianNoise(double stddev) {
        super(Require.notNegative("GaussianNoise stddev", stddev));
    }

    @Override
    Operand<TFloat32> disturbed(ForwardPass pass, Ops tf, Operand<TFloat32> x, double stddev) {
        return tf.math.add(x, tf.math.mul(Draws.normal(pass, tf, x), Tensors.constant(tf, stddev, x.type())));
    }
}
