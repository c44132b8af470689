package io.github.tapeloop.loss;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The binary cross-entropy with easy elements weighted down: the mean of (1 - q)^γ · crossentropy over all elements, where
 * q = y p + (1 - y) (1 - p) is the probability given to what was right (Lin et al. 2017).
 *
 * <p>Targets are in [0, 1], shaped like the predictions, float32 [batch, …, n], or [batch] for [batch, 1] and the other
 * way round.
 */
public final class BinaryFocalCrossentropy extends PointwiseLoss {

    private final boolean logits;
    private boolean applyClassBalancing;
    private double alpha = 0.25;
    private double gamma = 2;
    private double labelSmoothing;
    private int axis = -1;

    private BinaryFocalCrossentropy(boolean logits) {
        this.logits = logits;
    }

    /**
     * For models whose last layer has no activation: computed from the logits, so that the most wrong predictions, too,
     * have their slope. Keras clips their probabilities to [1e-7, 1 - 1e-7] in eager steps.
     *
     * @return a loss that takes logits
     */
    public static BinaryFocalCrossentropy fromLogits() {
        return new BinaryFocalCrossentropy(true);
    }

    /**
     * For models that end in a sigmoid. Probabilities are clipped to [1e-7, 1 - 1e-7].
     *
     * @return a loss that takes probabilities
     */
    public static BinaryFocalCrossentropy fromProbabilities() {
        return new BinaryFocalCrossentropy(false);
    }

    /**
     * Whether to weigh class 1 by alpha and class 0 by 1 - alpha.
     *
     * @param apply false unless set
     * @return this
     */
    public BinaryFocalCrossentropy applyClassBalancing(boolean apply) {
        settings.change(this, "applyClassBalancing");
        this.applyClassBalancing = apply;
        return this;
    }

    /**
     * Sets the weight of class 1 for {@link #applyClassBalancing}; without that it has no effect.
     *
     * @param weight in [0, 1]; 0.25 unless set
     * @return this
     */
    public BinaryFocalCrossentropy alpha(double weight) {
        settings.change(this, "alpha");
        this.alpha = Require.probability("alpha", weight);
        return this;
    }

    /**
     * Sets how much easy elements are weighted down.
     *
     * @param focus γ, at least 0, which is the plain cross-entropy; 2 unless set
     * @return this
     */
    public BinaryFocalCrossentropy gamma(double focus) {
        settings.change(this, "gamma");
        this.gamma = Require.notNegative("gamma", focus);
        return this;
    }

    /**
     * Moves targets towards 1/2: y (1 - s) + s/2.
     *
     * @param smoothing s, in [0, 1]; 0 unless set
     * @return this
     */
    public BinaryFocalCrossentropy labelSmoothing(double smoothing) {
        settings.change(this, "labelSmoothing");
        this.labelSmoothing = Require.probability("labelSmoothing", smoothing);
        return this;
    }

    /**
     * Sets the axis over which the value of a sample is the mean.
     *
     * @param meanAxis an axis of the predictions, counted from the back if negative; -1 unless set
     * @return this
     */
    public BinaryFocalCrossentropy axis(int meanAxis) {
        settings.change(this, "axis");
        this.axis = meanAxis;
        return this;
    }

    @Override
    int axis() {
        return axis;
    }

    @Override
    public Scale predictionScale() {
        return logits ? Scale.LOGITS : Scale.PROBABILITIES;
    }

    @Override
    public Scale targetScale() {
        return Scale.PROBABILITIES;
    }

    @Override
    public Operand<TFloat32> probabilities(Ops tf, Operand<TFloat32> prediction) {
        return logits ? tf.math.sigmoid(prediction) : prediction;
    }

    @Override
    Operand<TFloat32> points(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = Formula.smooth(tf, target, labelSmoothing, 0.5);
        Operand<TFloat32> loss = logits ? ofLogits(tf, y, prediction) : of(tf, y, prediction);
        if (!applyClassBalancing) {
            return loss;
        }
        Operand<TFloat32> weight = Formula.plus(tf, Formula.times(tf, 2 * alpha - 1, y), 1 - alpha);
        return tf.math.mul(weight, loss);
    }

    private Operand<TFloat32> of(Ops tf, Operand<TFloat32> y, Operand<TFloat32> probability) {
        Operand<TFloat32> p = Formula.clipProbabilities(tf, probability);
        Operand<TFloat32> focus = focus(tf, y, p, Formula.oneMinus(tf, p));
        return tf.math.mul(focus, BinaryCrossentropy.ofClipped(tf, y, p));
    }

    /** Both factors of the logits themselves: a clipped probability would have no slope where the model is most wrong. */
    private Operand<TFloat32> ofLogits(Ops tf, Operand<TFloat32> y, Operand<TFloat32> x) {
        Operand<TFloat32> finite = Formula.bounded(tf, x); // The slope of a sigmoid at infinity is 0, and not 0 · ∞.
        Operand<TFloat32> focus = focus(tf, y, tf.math.sigmoid(finite), tf.math.sigmoid(tf.math.neg(finite)));
        return tf.math.mul(focus, BinaryCrossentropy.ofLogits(tf, y, x));
    }

    /** (1 - q)^γ, off 0, where a power below 1 has no finite slope. */
    private Operand<TFloat32> focus(Ops tf, Operand<TFloat32> y, Operand<TFloat32> one, Operand<TFloat32> zero) {
        Operand<TFloat32> wrong = tf.math.add(tf.math.mul(y, zero), tf.math.mul(Formula.oneMinus(tf, y), one));
        return tf.math.pow(Formula.atLeast(tf, wrong, Formula.EPSILON), Formula.constant(tf, gamma, wrong));
    }
}
