package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The mean of (log(target + 1) - log(prediction + 1))² over all elements; targets and predictions below 1e-7 are taken
 * as 1e-7. Targets have the shape of the predictions, or [batch] for [batch, 1] and the other way round.
 */
public final class MeanSquaredLogarithmicError extends PointwiseLoss {

    /** Creates the loss. */
    public MeanSquaredLogarithmicError() {}

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return tf.math.square(tf.math.sub(logarithm(tf, prediction), logarithm(tf, target)));
    }

    private static Operand<TFloat32> logarithm(Ops tf, Operand<TFloat32> x) {
        return tf.math.log1p(Formula.atLeast(tf, x, Formula.EPSILON));
    }
}
