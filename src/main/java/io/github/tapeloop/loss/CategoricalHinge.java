package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * max(1 + max((1 - target) · prediction) - Σ target · prediction, 0) over the classes, averaged over the batch: the right
 * class should score 1 more than any other. Targets are one-hot.
 */
public final class CategoricalHinge extends PerSampleLoss {

    /** Creates the loss. */
    public CategoricalHinge() {}

    /**
     * The loss of each sample.
     *
     * @param tf makes ops
     * @param target one-hot, [batch, …, classes]
     * @param prediction scores, float32 [batch, …, classes]
     * @return float32 [batch, …]
     * @throws IllegalArgumentException if the shapes differ
     */
    @Override
    public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = Targets.oneHot(tf, this, target, prediction);
        Operand<TFloat32> right = Formula.lastAxisSum(tf, tf.math.mul(y, prediction));
        Operand<TFloat32> others = tf.max(tf.math.mul(Formula.oneMinus(tf, y), prediction), tf.constant(-1));
        return tf.nn.relu(Formula.plus(tf, tf.math.sub(others, right), 1));
    }
}
