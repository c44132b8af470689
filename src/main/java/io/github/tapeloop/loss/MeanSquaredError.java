package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The mean of (target - prediction)² over all elements. Targets [batch] and predictions [batch, 1], or the other way
 * round, are taken as the same; other shapes must be equal, since broadcasting hides mistakes here.
 */
public final class MeanSquaredError extends PointwiseLoss {

    /** Creates the loss. */
    public MeanSquaredError() {}

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return tf.math.square(tf.math.sub(prediction, target));
    }
}
