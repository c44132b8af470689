package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * 100 times the mean of |target - prediction| / max(|target|, 1e-7) over all elements. Targets have the shape of the
 * predictions, or [batch] for [batch, 1] and the other way round. Targets at 0 make it very large.
 */
public final class MeanAbsolutePercentageError extends PointwiseLoss {

    /** Creates the loss. */
    public MeanAbsolutePercentageError() {}

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> size = Formula.atLeast(tf, tf.math.abs(target), Formula.EPSILON);
        Operand<TFloat32> error = tf.math.abs(tf.math.sub(prediction, target));
        return tf.math.mul(error, tf.math.div(Formula.constant(tf, 100, size), size));
    }
}
