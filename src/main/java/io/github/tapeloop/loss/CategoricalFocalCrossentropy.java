package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The categorical cross-entropy with easy samples weighted down: -Σ α (1 - p)^γ · target · log p over the classes, averaged
 * over the batch (Lin et al. 2017).
 *
 * <p>Targets are one-hot or probabilities, shaped like the predictions, float32 [batch, …, classes].
 */
public final class CategoricalFocalCrossentropy extends StandardLoss {

    private final boolean logits;
    private double[] alpha = {0.25};
    private double gamma = 2;
    private double labelSmoothing;
    private int axis = -1;

    private CategoricalFocalCrossentropy(boolean logits) {
        this.logits = logits;
    }

    /**
     * For models whose last layer has no activation: computed from the logits, so that the most wrong predictions, too,
     * have their slope. Keras clips their probabilities to [1e-7, 1 - 1e-7] in eager steps.
     *
     * @return a loss that takes logits
     */
    public static CategoricalFocalCrossentropy fromLogits() {
        return new CategoricalFocalCrossentropy(true);
    }

    /**
     * For models that end in a softmax. Probabilities are divided by their sum over the classes and clipped to
     * [1e-7, 1 - 1e-7].
     *
     * @return a loss that takes probabilities
     */
    public static CategoricalFocalCrossentropy fromProbabilities() {
        return new CategoricalFocalCrossentropy(false);
    }

    /**
     * Sets the weight of the classes.
     *
     * @param weights one for all classes or one for each, at least 0; 0.25 unless set. A batch of another number of classes
     *     is refused
     * @return this
     */
    public CategoricalFocalCrossentropy alpha(double... weights) {
        settings.change(this, "alpha");
        if (weights.length == 0) {
            throw new IllegalArgumentException("Expected one alpha, or one for each class, got none");
        }
        for (double weight : weights) {
            Require.notNegative("alpha", weight);
        }
        this.alpha = weights.clone();
        return this;
    }

    /**
     * Sets how much easy samples are weighted down.
     *
     * @param focus γ, at least 0, which is the plain cross-entropy times alpha; 2 unless set
     * @return this
     */
    public CategoricalFocalCrossentropy gamma(double focus) {
        settings.change(this, "gamma");
        this.gamma = Require.notNegative("gamma", focus);
        return this;
    }

    /**
     * Moves targets towards equal probabilities: y (1 - s) + s / classes.
     *
     * @param smoothing s, in [0, 1]; 0 unless set
     * @return this
     */
    public CategoricalFocalCrossentropy labelSmoothing(double smoothing) {
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
    public CategoricalFocalCrossentropy axis(int classAxis) {
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
        y = CategoricalCrossentropy.smoothTowardsAll(tf, y, labelSmoothing, x);
        Operand<TFloat32> p = logits ? tf.nn.softmax(x) : CategoricalCrossentropy.normalised(tf, x);
        // Of the logits themselves: a clipped probability would have no slope where the model is most wrong.
        Operand<TFloat32> logarithm = logits ? Formula.bounded(tf, tf.nn.logSoftmax(x)) : tf.math.log(p);
        // Off 0, where a power below 1 has no finite slope.
        Operand<TFloat32> wrong = Formula.atLeast(tf, Formula.oneMinus(tf, p), Formula.EPSILON);
        Operand<TFloat32> focus = tf.math.pow(wrong, Formula.constant(tf, gamma, p));
        Operand<TFloat32> weight = tf.math.mul(tf.math.neg(y), alphas(tf, p)); // Nothing here is on the tape.
        return Formula.lastAxisSum(tf, tf.math.mul(tf.math.mul(weight, focus), logarithm));
    }

    private Operand<TFloat32> alphas(Ops tf, Operand<TFloat32> p) {
        if (alpha.length == 1) {
            return Formula.constant(tf, alpha[0], p);
        }
        long classes = Tensors.shape(p).get(-1);
        if (classes != -1 && classes != alpha.length) {
            throw new IllegalArgumentException("CategoricalFocalCrossentropy has " + alpha.length + " alphas, "
                    + Arrays.toString(alpha) + ", for " + classes + " classes: give one, or one for each class");
        }
        return Tensors.cast(tf, tf.constant(Shape.of(alpha.length), DataBuffers.of(alpha)), p.type());
    }
}
