package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * How often the class with the highest score is the right one. Named {@code accuracy} unless told otherwise, as Keras logs
 * it when asked for "accuracy".
 */
public final class SparseCategoricalAccuracy extends Metric {

    /** Creates a metric named {@code accuracy}. */
    public SparseCategoricalAccuracy() {
        this("accuracy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public SparseCategoricalAccuracy(String name) {
        super(name);
    }

    /**
     * Takes a batch into account.
     *
     * @param tf makes ops
     * @param target class numbers, [batch, …] or [batch, …, 1]
     * @param prediction scores of each class, logits or probabilities, float32 [batch, …, classes]
     * @throws IllegalArgumentException if there is not one target for each prediction
     */
    @Override
    public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TInt64> best = tf.math.argMax(prediction, tf.constant(-1), TInt64.class);
        Operand<TInt64> wanted = Tensors.cast(tf, target, TInt64.class);
        Shape expected = Tensors.shape(best);
        Shape shape = Tensors.shape(target);
        if (shape.numDimensions() == expected.numDimensions() + 1 && shape.get(-1) == 1) {
            wanted = tf.reshape(wanted, tf.shape(best));
        } else if (!shape.isCompatibleWith(expected)) {
            throw new IllegalArgumentException("Metric '" + name() + "' expects a class number for each prediction, "
                    + expected + ", got " + Tensors.describe(target));
        }
        Operand<TBool> right = tf.math.equal(best, wanted);
        average(tf, Tensors.cast(tf, right, TFloat64.class));
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
