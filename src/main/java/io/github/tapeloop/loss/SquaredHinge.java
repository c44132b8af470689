package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The mean of max(1 - target · prediction, 0)² over all elements. Targets are -1 or 1; if all of a batch are 0 or 1, 0
 * is taken as -1. They have the shape of the predictions, or [batch] for [batch, 1] and the other way round.
 */
public final class SquaredHinge extends PointwiseLoss {

    /** Creates the loss. */
    public SquaredHinge() {}

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return tf.math.square(Hinge.margin(tf, target, prediction));
    }
}
