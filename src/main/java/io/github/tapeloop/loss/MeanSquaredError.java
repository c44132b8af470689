package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The mean of (target - prediction)² over all elements. Targets [batch] and predictions [batch, 1], or the other way
 * round, are taken as the same; other shapes must be equal, since broadcasting hides mistakes here.
 */
public final class MeanSquaredError implements Loss {

    /** Creates the loss. */
    public MeanSquaredError() {}

    /**
     * Computes the mean squared error.
     *
     * @param tf makes ops
     * @param target numbers, [batch, …]
     * @param prediction float32 [batch, …], as many elements
     * @return a float32 scalar
     * @throws IllegalArgumentException if the shapes differ
     */
    @Override
    public Operand<TFloat32> call(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Shape expected = Tensors.shape(prediction);
        Shape shape = Tensors.shape(target);
        Operand<TFloat32> wanted = Tensors.cast(tf, target, prediction.type());
        if (!shape.isCompatibleWith(expected)) {
            if (!differsByOne(shape, expected)) {
                throw new IllegalArgumentException("MeanSquaredError expects targets shaped like the predictions, "
                        + expected + ", got " + Tensors.describe(target));
            }
            wanted = tf.reshape(wanted, tf.shape(prediction));
        }
        Operand<TFloat32> error = tf.math.square(tf.math.sub(prediction, wanted));
        return tf.math.mean(tf.reshape(error, tf.constant(new int[] {-1})), tf.constant(0));
    }

    /** Whether one shape is the other with a last dimension of 1. */
    private static boolean differsByOne(Shape a, Shape b) {
        Shape longer = a.numDimensions() > b.numDimensions() ? a : b;
        Shape shorter = longer == a ? b : a;
        return longer.numDimensions() == shorter.numDimensions() + 1
                && longer.get(-1) == 1
                && longer.take(shorter.numDimensions()).isCompatibleWith(shorter);
    }
}
