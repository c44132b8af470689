package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The cross-entropy between distributions over classes: -Σ target · log p over the classes, averaged over the batch.
 *
 * <p>Targets are one-hot or probabilities, shaped like the predictions, float32 [batch, …, classes]. For class numbers
 * {@link SparseCategoricalCrossentropy} is faster.
 */
public final class CategoricalCrossentropy extends OneHotLoss<CategoricalCrossentropy> {

    private CategoricalCrossentropy(boolean logits) {
        super(logits);
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

    @Override
    Operand<TFloat32> ofSample(Ops tf, Operand<TFloat32> y, Operand<TFloat32> x) {
        Operand<TFloat32> logarithm = isOfLogits() ? tf.nn.logSoftmax(x) : tf.math.log(normalised(tf, x));
        // A class that cannot be, of the logit -∞, is nothing to a target of 0; to another it is infinitely wrong.
        return tf.math.neg(Formula.lastAxisSum(tf, tf.math.mulNoNan(logarithm, y)));
    }
}
