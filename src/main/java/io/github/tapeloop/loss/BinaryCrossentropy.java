package io.github.tapeloop.loss;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The cross-entropy of yes-no predictions: the mean of -(y log p + (1 - y) log(1 - p)) over all elements, each on its own.
 *
 * <p>Targets are in [0, 1], shaped like the predictions, float32 [batch, …, n], or [batch] for [batch, 1] and the other
 * way round.
 */
public final class BinaryCrossentropy extends PointwiseLoss {

    private final boolean logits;
    private double labelSmoothing;
    private int axis = -1;

    private BinaryCrossentropy(boolean logits) {
        this.logits = logits;
    }

    /**
     * For models whose last layer has no activation: p = sigmoid(prediction), without overflow and loss of digits.
     *
     * @return a loss that takes logits
     */
    public static BinaryCrossentropy fromLogits() {
        return new BinaryCrossentropy(true);
    }

    /**
     * For models that end in a sigmoid. Probabilities are clipped to [1e-7, 1 - 1e-7]. Unlike Keras this does not look for
     * a sigmoid behind the predictions to use its logits instead.
     *
     * @return a loss that takes probabilities
     */
    public static BinaryCrossentropy fromProbabilities() {
        return new BinaryCrossentropy(false);
    }

    /**
     * Moves targets towards 1/2: y (1 - s) + s/2.
     *
     * @param smoothing s, in [0, 1]; 0 unless set
     * @return this
     */
    public BinaryCrossentropy labelSmoothing(double smoothing) {
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
    public BinaryCrossentropy axis(int meanAxis) {
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
        return logits ? ofLogits(tf, y, prediction) : ofClipped(tf, y, Formula.clipProbabilities(tf, prediction));
    }

    /** y log(1 + e^-x) + (1 - y) log(1 + e^x): exact for large and infinite x; |x| and max(x, 0) have no slope at 0. */
    static Operand<TFloat32> ofLogits(Ops tf, Operand<TFloat32> y, Operand<TFloat32> x) {
        Operand<TFloat32> yes = tf.math.mulNoNan(tf.math.softplus(tf.math.neg(x)), y);
        Operand<TFloat32> no = tf.math.mulNoNan(tf.math.softplus(x), Formula.oneMinus(tf, y));
        return tf.math.add(yes, no);
    }

    /** -(y log p + (1 - y) log(1 - p)) of probabilities off 0 and 1. */
    static Operand<TFloat32> ofClipped(Ops tf, Operand<TFloat32> y, Operand<TFloat32> p) {
        Operand<TFloat32> yes = tf.math.mul(y, tf.math.log(p));
        Operand<TFloat32> no = tf.math.mul(Formula.oneMinus(tf, y), tf.math.log(Formula.oneMinus(tf, p)));
        return tf.math.neg(tf.math.add(yes, no));
    }
}
