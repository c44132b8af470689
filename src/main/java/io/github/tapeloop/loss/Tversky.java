package io.github.tapeloop.loss;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The Tversky loss for segmentation (Salehi et al. 2017): 1 - I / (I + α Σ target (1 - prediction) + β Σ (1 - target)
 * prediction + 1e-7), where I = Σ target · prediction. With α = β = 1/2, the defaults, this is nearly {@link Dice}.
 *
 * <p>As in Keras, α weighs what was missed and β what was found wrongly; the paper has them the other way round. The sums
 * go over the whole batch, which has then one value and no sample weights, unless {@link #axis} is set. Targets and
 * predictions are in [0, 1] and of one shape, [batch, …].
 */
public final class Tversky extends OverlapLoss {

    private double alpha = 0.5;
    private double beta = 0.5;

    /** Creates the loss with α = β = 1/2. */
    public Tversky() {}

    /**
     * Sets the weight of what was missed.
     *
     * @param missed α, at least 0; 0.5 unless set
     * @return this
     */
    public Tversky alpha(double missed) {
        settings.change(this, "alpha");
        this.alpha = Require.notNegative("alpha", missed);
        return this;
    }

    /**
     * Sets the weight of what was found wrongly.
     *
     * @param wrong β, at least 0; 0.5 unless set
     * @return this
     */
    public Tversky beta(double wrong) {
        settings.change(this, "beta");
        this.beta = Require.notNegative("beta", wrong);
        return this;
    }

    /**
     * Sets the axes over which sums go; (1, 2, 3) gives each image of [batch, height, width, channels] a value.
     *
     * @param axes axes of the predictions, counted from the back if negative; none, the default, for all
     * @return this
     */
    public Tversky axis(int... axes) {
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
        Operand<TFloat32> missed = Formula.times(tf, alpha, tf.math.sub(targets, both));
        Operand<TFloat32> wrong = Formula.times(tf, beta, tf.math.sub(predictions, both));
        Operand<TFloat32> all = tf.math.add(both, tf.math.add(missed, wrong));
        return tf.math.div(both, Formula.plus(tf, all, Formula.EPSILON));
    }
}
