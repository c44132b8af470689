package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * The cross-entropy between class numbers and predicted classes: -log p[target], averaged over the batch.
 *
 * <p>Targets are whole numbers in [0, classes), [batch, …] or [batch, …, 1]; predictions float32 [batch, …, classes]. On
 * a CPU a label outside that range is an error that names the op and the labels; on a GPU TensorFlow gives NaN.
 */
public final class SparseCategoricalCrossentropy implements Loss {

    /** Keeps probabilities off 0 and 1, as Keras does. */
    private static final double EPSILON = 1e-7;

    private final boolean logits;

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
     * Computes the mean cross-entropy.
     *
     * @param tf makes ops
     * @param target class numbers, [batch, …] or [batch, …, 1]
     * @param prediction float32 [batch, …, classes]
     * @return a float32 scalar
     * @throws IllegalArgumentException if the shapes do not fit each other
     */
    @Override
    public Operand<TFloat32> call(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Shape predicted = Tensors.shape(prediction);
        if (predicted.numDimensions() < 2) {
            throw new IllegalArgumentException("SparseCategoricalCrossentropy expects predictions [batch, …, classes],"
                    + " got " + Tensors.describe(prediction));
        }
        Operand<? extends TNumber> labels = labels(tf, target, prediction);
        Operand<TFloat32> scores = logits ? prediction : logProbabilities(tf, prediction);
        if (predicted.numDimensions() > 2) {
            scores = tf.reshape(scores, tf.constant(new long[] {-1, predicted.get(-1)}));
            labels = tf.reshape(labels, tf.constant(new int[] {-1}));
        }
        Output<TFloat32> perExample = crossEntropy(tf, scores, labels);
        return tf.math.mean(perExample, tf.constant(0));
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

    private static Operand<? extends TNumber> labels(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Shape shape = Tensors.shape(target);
        Shape expected = Tensors.shape(prediction).take(Tensors.rank(prediction) - 1);
        Operand<? extends TNumber> labels = target;
        if (shape.numDimensions() == expected.numDimensions() + 1 && shape.get(-1) == 1) {
            labels = tf.squeeze(target, Squeeze.axis(List.of(-1L)));
            shape = shape.take(shape.numDimensions() - 1);
        }
        if (!shape.isCompatibleWith(expected)) {
            throw new IllegalArgumentException(
                    "SparseCategoricalCrossentropy expects a class number for each prediction, "
                            + expected + " for " + Tensors.describe(prediction) + ", got " + Tensors.describe(target)
                            + (shape.numDimensions() == expected.numDimensions() + 1
                                    ? ": for one-hot targets use the dense cross-entropy, or pass their argMax"
                                    : ""));
        }
        return switch (Tensors.dataType(labels)) {
            case DT_INT32, DT_INT64 -> labels;
            default -> Cast.create(tf.scope(), labels, TInt64.class);
        };
    }

    private static Operand<TFloat32> logProbabilities(Ops tf, Operand<TFloat32> probabilities) {
        Operand<TFloat32> low = Tensors.constant(tf, EPSILON, probabilities.type());
        Operand<TFloat32> high = Tensors.constant(tf, 1 - EPSILON, probabilities.type());
        return tf.math.log(tf.clipByValue(probabilities, low, high));
    }
}
