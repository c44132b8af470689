package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Output;
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
     * For models whose last layer has no activation: faster and more exact, since softmax and logarithm are one op.
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
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> each = each(tf, target, prediction);
        return logits ? Axes.unflatten(tf, each, Axes.toLast(tf, this, prediction, axis)) : each;
    }

    @Override
    Optional<Operand<TFloat32>> summands(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return Optional.of(each(tf, target, prediction));
    }

    /** The value of each sample; of logits [batch, …, classes], one after the other. */
    private Operand<TFloat32> each(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> y = Axes.toLast(tf, this, Targets.oneHot(tf, this, target, prediction), axis);
        Operand<TFloat32> x = Axes.toLast(tf, this, prediction, axis);
        y = smoothTowardsAll(tf, y, labelSmoothing, x);
        return logits
                ? crossEntropy(tf, Axes.rows(tf, x), Axes.rows(tf, y))
                : tf.math.neg(Formula.lastAxisSum(tf, tf.math.mul(y, tf.math.log(probabilities(tf, x)))));
    }

    /** y (1 - s) + s / classes. */
    static Operand<TFloat32> smoothTowardsAll(
            Ops tf, Operand<TFloat32> target, double smoothing, Operand<TFloat32> prediction) {
        return Formula.smooth(
                tf, target, smoothing, 1.0 / Tensors.shape(prediction).get(-1));
    }

    /** Normalised and clipped. */
    static Operand<TFloat32> probabilities(Ops tf, Operand<TFloat32> p) {
        Operand<TFloat32> sum = tf.sum(p, Tensors.constant(tf, -1), Sum.keepDims(true));
        return Formula.clipProbabilities(tf, tf.math.div(p, sum));
    }

    /** The op itself: TensorFlow Java's wrapper adds shape arithmetic around it. Its second output serves the gradient. */
    private static Output<TFloat32> crossEntropy(Ops tf, Operand<TFloat32> scores, Operand<TFloat32> target) {
        return tf.scope()
                .opBuilder("SoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits")
                .addInput(scores.asOutput())
                .addInput(target.asOutput())
                .build()
                .output(0);
    }
}
