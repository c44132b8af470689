package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The mean of log(cosh(prediction - target)) over all elements: about x²/2 for small errors x, |x| - log 2 for large
 * ones. Targets have the shape of the predictions, or [batch] for [batch, 1] and the other way round.
 */
public final class LogCosh extends PointwiseLoss {

    /** Creates the loss. */
    public LogCosh() {}

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> error = tf.math.sub(prediction, target);
        // log(1 + exp(2x)) - x and log(1 + exp(-2x)) + x are the same but for infinity, where one of the two is not a
        // number.
        Operand<TFloat32> below = tf.math.sub(tf.math.softplus(Formula.times(tf, 2, error)), error);
        Operand<TFloat32> above = tf.math.add(tf.math.softplus(Formula.times(tf, -2, error)), error);
        Operand<TFloat32> sum = tf.select(tf.math.less(error, tf.zerosLike(error)), below, above);
        return Formula.plus(tf, sum, -Math.log(2));
    }
}
