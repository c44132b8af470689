package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The Dice loss for segmentation: 1 - 2 Σ target · prediction / (Σ target + Σ prediction + 1e-7). The sums go over the
 * whole batch, which has then one value and no sample weights, unless {@link #axis} is set. Targets and predictions are in
 * [0, 1] and of one shape, [batch, …].
 */
public final class Dice extends OverlapLoss {

    /** Creates the loss. */
    public Dice() {}

    /**
     * Sets the axes over which sums go; (1, 2, 3) gives each image of [batch, height, width, channels] a value.
     *
     * @param axes axes of the predictions, counted from the back if negative; none, the default, for all
     * @return this
     */
    public Dice axis(int... axes) {
        setAxes(axes);
        return this;
    }

    @Override
    public Scale predictionScale() {
        return Scale.PROBABILITIES;
    }

    @Override
    public Scale targetScale() {
        return Scale.PROBABILITIES;
    }

    @Override
    Operand<TFloat32> overlap(
            Ops tf, Operand<TFloat32> both, Operand<TFloat32> targets, Operand<TFloat32> predictions) {
        Operand<TFloat32> all = Formula.plus(tf, tf.math.add(targets, predictions), Formula.EPSILON);
        return tf.math.div(Formula.times(tf, 2, both), all);
    }
}
