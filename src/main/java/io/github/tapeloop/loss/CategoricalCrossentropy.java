package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The cross-entropy between distributions over classes: -Σ target · log p over the classes, averaged over the batch.
 *
 * <p>Targets are one-hot or probabilities, shaped like the predictions, float32 [batch, …, classes]. For class numbers
 * {@link SparseCategoricalCrossentropy} is faster.
 */
public final class CategoricalCrossentropy extends StandardLoss {

    private final boolean logits;
    private double labelSmoothing;
    private int axis = -1;

    private CategoricalCrossentropy(boolean logits) {
        this.logits = logits;
    }

    /**
     * For models whose last layer has no activation: more exact, since softmax and logarithm are one op. Classes can be masked
     * by logits of -∞; smoothed targets want them all.
     *
     * @return a loss that takes logits
     */
    public static CategoricalCrossentropy fromLogits() {
        return new CategoricalCrossentropy(true);
    }

    /**
     * For models that end in a softmax. Probabilities are divided by their sum over the classes and clipped to
     * [1e-7, 1 - 1e-7]. Unlike Keras this does not look for a softmax behind the predictions to use its logits instead.
     *
     * @return a loss that takes probabilities
     */
    public static CategoricalCrossentropy fromProbabilities() {
        return new CategoricalCrossentropy(false);
    }

    /**
     * Moves targets towards equal probabilities: y (1 - s) + s / classes.
     *
     * @param smoothing s, in [0, 1]; 0 unless set
     * @return this
     */
    public CategoricalCrossentropy labelSmoothing(double smoothing) {
        settings.change(this, "labelSmoothing");
        this.labelSmoothing = Require.probability("labelSmoothing", smoothing);
        return this;
    }

    /**
     * Sets the axis of the classes.
     *
     * @param classAxis an axis of the predictions, counted from the back if negative; -1 unless set
     * @return this
     */
    public CategoricalCrossentropy axis(int classAxis) {
        settings.change(this, "axis");
        this.axis = classAxis;
        return this;
    }

    @Override
    protected int[] reducedAxes(Operand<TFloat32> prediction) {
        return new int[] {axis};
    }

    @Override
    public boolean isPerSample(Operand<TFloat32> prediction) {
        return Axes.fromFront(this, axis, prediction) > 0;
    }

    @Override
    public Scale predictionScale() {
        return logits ? Scale.CLASS_LOGITS : Scale.CLASS_PROBABILITIES;
    }

    @Override
    public Scale targetScale() {
        return Scale.CLASS_PROBABILITIES;
    }

    @Override
    public Operand<TFloat32> probabilities(Ops tf, Operand<TFloat32> prediction) {
        return logits ? Axes.softmax(tf, this, prediction, axis) : prediction;
    }

    @Override
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = Axes.toLast(tf, this, Targets.oneHot(tf, this, target, prediction), axis);
        Operand<TFloat32> x = Axes.toLast(tf, this, prediction, axis);
        y = smoothTowardsAll(tf, y, labelSmoothing, x);
        Operand<TFloat32> logarithm = logits ? tf.nn.logSoftmax(x) : tf.math.log(normalised(tf, x));
        // A class that cannot be, of the logit -∞, is nothing to a target of 0; to another it is infinitely wrong.
        return tf.math.neg(Formula.lastAxisSum(tf, tf.math.mulNoNan(logarithm, y)));
    }

    /** y (1 - s) + s / classes. */
    static Operand<TFloat32> smoothTowardsAll(
            Ops tf, Operand<TFloat32> target, double smoothing, Operand<TFloat32> prediction) {
        return Formula.smooth(
                tf, target, smoothing, 1.0 / Tensors.shape(prediction).get(-1));
    }

    /** Normalised and clipped. */
    static Operand<TFloat32> normalised(Ops tf, Operand<TFloat32> p) {
        Operand<TFloat32> sum = tf.sum(p, Tensors.constant(tf, -1), Sum.keepDims(true));
        return Formula.clipProbabilities(tf, tf.math.divNoNan(p, sum));
    }
}
