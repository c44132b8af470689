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
        Operand<TFloat32> far = Formula.plus(tf, sum, -Math.log(2));
        // What is near 0 would be a difference of numbers near log 2. Neither branch overflows where it is not taken.
        Operand<TFloat32> half = Formula.times(tf, 0.5, Formula.clip(tf, error, -1, 1));
        Operand<TFloat32> near = tf.math.log1p(Formula.times(tf, 2, tf.math.square(tf.math.sinh(half))));
        return tf.select(tf.math.less(tf.math.abs(error), Formula.constant(tf, 1, error)), near, far);
    }
}
