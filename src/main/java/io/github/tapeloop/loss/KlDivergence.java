package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The Kullback-Leibler divergence of predicted from true distributions: Σ target · log(target / prediction) over the last
 * axis, averaged over the batch. Both are clipped to [1e-7, 1]. Targets are probabilities, shaped like the predictions,
 * float32 [batch, …, n].
 */
public final class KlDivergence extends StandardLoss {

    /** Creates the loss. */
    public KlDivergence() {}

    @Override
    public Scale predictionScale() {
        return Scale.CLASS_PROBABILITIES;
    }

    @Override
    public Scale targetScale() {
        return Scale.CLASS_PROBABILITIES;
    }

    @Override
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = clip(tf, Targets.oneHot(tf, this, target, prediction));
        Operand<TFloat32> p = clip(tf, prediction);
        return Formula.lastAxisSum(tf, tf.math.mul(y, tf.math.log(tf.math.div(y, p))));
    }

    private static Operand<TFloat32> clip(Ops tf, Operand<TFloat32> x) {
        return Formula.clip(tf, x, Formula.EPSILON, 1);
    }
}
