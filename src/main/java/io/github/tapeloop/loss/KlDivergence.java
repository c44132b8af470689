package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The Kullback-Leibler divergence of predicted from true distributions: Σ target · log(target / prediction) over the last
 * axis, averaged over the batch. Both are clipped to [1e-7, 1].
 */
public final class KlDivergence extends PerSampleLoss {

    /** Creates the loss. */
    public KlDivergence() {}

    /**
     * The divergence of each sample.
     *
     * @param tf makes ops
     * @param target probabilities, [batch, …, n]
     * @param prediction probabilities, float32 [batch, …, n]
     * @return float32 [batch, …]
     * @throws IllegalArgumentException if the shapes differ
     */
    @Override
    public Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = clip(tf, Targets.oneHot(tf, this, target, prediction));
        Operand<TFloat32> p = clip(tf, prediction);
        return Formula.lastAxisSum(tf, tf.math.mul(y, tf.math.log(tf.math.div(y, p))));
    }

    private static Operand<TFloat32> clip(Ops tf, Operand<TFloat32> x) {
        return Formula.clip(tf, x, Formula.EPSILON, 1);
    }
}
