package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The categorical cross-entropy with easy samples weighted down: -Σ α (1 - p)^γ · target · log p over the classes, averaged
 * over the batch (Lin et al. 2017).
 *
 * <p>Targets are one-hot or probabilities, shaped like the predictions, float32 [batch, …, classes].
 */
public final class CategoricalFocalCrossentropy extends OneHotLoss<CategoricalFocalCrossentropy> {

    private double[] alpha = {0.25};
    private double gamma = 2;

    private CategoricalFocalCrossentropy(boolean logits) {
        super(logits);
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

    @Override
    Operand<TFloat32> ofSample(Ops tf, Operand<TFloat32> y, Operand<TFloat32> x) {
        Operand<TFloat32> p = isOfLogits() ? tf.nn.softmax(x) : normalised(tf, x);
        // Of the logits themselves: a clipped probability would have no slope where the model is most wrong.
        Operand<TFloat32> logarithm = isOfLogits() ? Formula.bounded(tf, tf.nn.logSoftmax(x)) : tf.math.log(p);
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
