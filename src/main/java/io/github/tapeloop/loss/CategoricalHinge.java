package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * max(1 + max((1 - target) · prediction) - Σ target · prediction, 0) over the classes, averaged over the batch: the right
 * class should score 1 more than any other. Targets are one-hot, shaped like the predictions, float32 [batch, …, classes].
 */
public final class CategoricalHinge extends StandardLoss {

    /** Creates the loss. */
    public CategoricalHinge() {}

    @Override
    public Scale predictionScale() {
        return Scale.CLASS_SCORES;
    }

    @Override
    public Scale targetScale() {
        return Scale.CLASS_PROBABILITIES;
    }

    @Override
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = Targets.oneHot(tf, this, target, prediction);
        Operand<TFloat32> right = Formula.lastAxisSum(tf, tf.math.mul(y, prediction));
        Operand<TFloat32> others = tf.max(tf.math.mul(Formula.oneMinus(tf, y), prediction), tf.constant(-1));
        return tf.nn.relu(Formula.plus(tf, tf.math.sub(others, right), 1));
    }
}
