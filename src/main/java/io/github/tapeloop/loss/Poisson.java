package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The mean of prediction - target · log(prediction + 1e-7) over all elements: for counts and the rates predicted for
 * them, which are above 0. Targets have the shape of the predictions, or [batch] for [batch, 1] and the other way round.
 */
public final class Poisson extends PointwiseLoss {

    /** Creates the loss. */
    public Poisson() {}

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> logarithm = tf.math.log(Formula.plus(tf, prediction, Formula.EPSILON));
        return tf.math.sub(prediction, tf.math.mul(target, logarithm));
    }
}
