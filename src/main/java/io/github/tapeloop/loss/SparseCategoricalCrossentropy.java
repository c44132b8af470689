package io.github.tapeloop.loss;

import io.github.tapeloop.measure.Counts;
import io.github.tapeloop.runtime.Tensors;
import java.util.Optional;
import java.util.OptionalInt;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * The cross-entropy between class numbers and predicted classes: -log p[target], averaged over the batch.
 *
 * <p>Targets are whole numbers in [0, classes), [batch, …] or [batch, …, 1]; predictions float32 [batch, …, classes]. On
 * a CPU a label outside that range is an error that names the op and the labels; on a GPU TensorFlow gives NaN.
 */
public final class SparseCategoricalCrossentropy extends StandardLoss {

    private final boolean logits;
    private OptionalInt ignoreClass = OptionalInt.empty();

    private SparseCategoricalCrossentropy(boolean logits) {
        this.logits = logits;
    }

    /**
     * For models whose last layer has no activation: faster and more exact, since softmax and logarithm are one op.
     *
     * @return a loss that takes logits
     */
    public static SparseCategoricalCrossentropy fromLogits() {
        return new SparseCategoricalCrossentropy(true);
    }

    /**
     * For models that end in a softmax. As in Keras, probabilities are clipped to [1e-7, 1 - 1e-7] and not normalised
     * before their logarithm goes through the softmax cross-entropy. Unlike Keras this does not look for a softmax behind
     * the predictions to use its logits instead: what is asked for is what is computed.
     *
     * @return a loss that takes probabilities
     */
    public static SparseCategoricalCrossentropy fromProbabilities() {
        return new SparseCategoricalCrossentropy(false);
    }

    /**
     * Leaves out samples of one class, such as the "void" of a segmentation: their value is 0, and a mean does not count
     * them.
     *
     * @param label its number, which may lie outside [0, classes): -1 or 255 for example
     * @return this
     */
    public SparseCategoricalCrossentropy ignoreClass(int label) {
        settings.change(this, "ignoreClass");
        this.ignoreClass = OptionalInt.of(label);
        return this;
    }

    @Override
    public Scale predictionScale() {
        return logits ? Scale.CLASS_LOGITS : Scale.CLASS_PROBABILITIES;
    }

    @Override
    public Scale targetScale() {
        return Scale.CLASS_NUMBERS;
    }

    @Override
    public Operand<TFloat32> probabilities(Ops tf, Operand<TFloat32> prediction) {
        return logits ? tf.nn.softmax(prediction) : prediction;
    }

    @Override
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<? extends TNumber> labels = Targets.classes(tf, this, target, prediction);
        if (ignoreClass.isEmpty()) {
            return Axes.unflatten(tf, perRow(tf, labels, prediction), prediction);
        }
        Operand<TBool> valid = valid(tf, labels);
        Counts counts = Counts.of(tf, valid);
        Operand<TFloat32> shown = counts.predictions(tf, prediction);
        Operand<TFloat32> values = Axes.unflatten(tf, perRow(tf, counts.targets(tf, labels), shown), prediction);
        return tf.math.mulNoNan(values, Tensors.cast(tf, valid, values.type()));
    }

    @Override
    Optional<Operand<TFloat32>> summands(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return ignoreClass.isPresent()
                ? Optional.empty()
                : Optional.of(perRow(tf, Targets.classes(tf, this, target, prediction), prediction));
    }

    private Operand<TFloat32> perRow(Ops tf, Operand<? extends TNumber> labels, Operand<TFloat32> prediction) {
        Operand<TFloat32> scores = logits ? prediction : tf.math.log(Formula.clipProbabilities(tf, prediction));
        return Tensors.rank(prediction) == 2
                ? crossEntropy(tf, scores, labels)
                : crossEntropy(tf, Axes.rows(tf, scores), tf.reshape(labels, Tensors.constant(tf, new int[] {-1})));
    }

    @Override
    public Optional<Operand<? extends TType>> counted(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Operand<TFloat32> values) {
        return ignoreClass.isPresent()
                ? Optional.of(valid(tf, Targets.classes(tf, this, target, prediction)))
                : Optional.empty();
    }

    private <T extends TNumber> Operand<TBool> valid(Ops tf, Operand<T> labels) {
        return tf.math.notEqual(labels, Tensors.constant(tf, ignoreClass.getAsInt(), labels.type()));
    }

    /** The op itself: TensorFlow Java's wrapper adds shape arithmetic around it. Its second output serves the gradient. */
    private static Output<TFloat32> crossEntropy(Ops tf, Operand<TFloat32> scores, Operand<? extends TNumber> labels) {
        return tf.scope()
                .opBuilder("SparseSoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
                .addInput(scores.asOutput())
                .addInput(labels.asOutput())
                .build()
                .output(0);
    }
}
