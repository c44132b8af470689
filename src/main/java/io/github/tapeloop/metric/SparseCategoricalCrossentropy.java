package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The mean of -log p[t]. Targets are class numbers, [batch, …] or [batch, …, 1], predictions [batch, …, classes]. As
 * in Keras, probabilities are clipped to [1e-7, 1 - 1e-7] and not normalised before their logarithm goes through the
 * softmax cross-entropy.
 */
public final class SparseCategoricalCrossentropy extends MeanOf {

    private boolean fromLogits;

    /** Creates a metric named {@code sparse_categorical_crossentropy}. */
    public SparseCategoricalCrossentropy() {
        this("sparse_categorical_crossentropy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public SparseCategoricalCrossentropy(String name) {
        super(name);
    }

    /**
     * Whether predictions are logits; probabilities unless set.
     *
     * @param logits true for models whose last layer has no activation
     * @return this
     */
    public SparseCategoricalCrossentropy fromLogits(boolean logits) {
        this.fromLogits = logits;
        return this;
    }

    @Override
    Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<? extends TNumber> labels = Targets.classes(tf, this, target, prediction);
        Operand<TFloat32> scores = fromLogits
                ? prediction
                : tf.math.log(Formulas.clip(tf, prediction, Formulas.EPSILON, 1 - Formulas.EPSILON));
        return Targets.byRow(
                tf, scores, labels, (rows, numbers) -> tf.nn.sparseSoftmaxCrossEntropyWithLogits(rows, numbers)
                        .loss());
    }
}
