package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The mean of |target - prediction| over all elements. Targets have the shape of the predictions, or [batch] for
 * [batch, 1] and the other way round.
 */
public final class MeanAbsoluteError extends PointwiseLoss {

    /** Creates the loss. */
    public MeanAbsoluteError() {}

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return tf.math.abs(tf.math.sub(prediction, target));
    }
}
