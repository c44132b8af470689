package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The mean of max(1 - target · prediction, 0) over all elements. Targets are -1 or 1; if all of a batch are 0 or 1, 0 is
 * taken as -1. They have the shape of the predictions, or [batch] for [batch, 1] and the other way round.
 */
public final class Hinge extends PointwiseLoss {

    /** Creates the loss. */
    public Hinge() {}

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return margin(tf, target, prediction);
    }

    /** max(1 - y p, 0). */
    static Operand<TFloat32> margin(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> product = tf.math.mul(signs(tf, target), prediction);
        return tf.nn.relu(Formula.oneMinus(tf, product));
    }

    /** 2y - 1 if all targets are 0 or 1, which are the numbers that are their own squares. */
    private static Operand<TFloat32> signs(Ops tf, Operand<TFloat32> target) {
        Operand<TInt32> axes =
                tf.constant(IntStream.range(0, Tensors.rank(target)).toArray());
        Operand<TBool> binary = tf.reduceAll(tf.math.equal(tf.math.square(target), target), axes);
        return tf.select(binary, Formula.plus(tf, Formula.times(tf, 2, target), -1), target);
    }
}
