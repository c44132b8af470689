package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The mean over rows of -Σ t log p over the last dimension, p divided by its sum and clipped to [1e-7, 1 - 1e-7].
 * Targets are one-hot or distributions, both are [batch, …, classes].
 */
public final class CategoricalCrossentropy extends MeanOf {

    private boolean fromLogits;
    private double labelSmoothing;

    /** Creates a metric named {@code categorical_crossentropy}. */
    public CategoricalCrossentropy() {
        this("categorical_crossentropy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public CategoricalCrossentropy(String name) {
        super(name);
    }

    /**
     * Whether predictions are logits; probabilities unless set.
     *
     * @param logits true for models whose last layer has no activation
     * @return this
     */
    public CategoricalCrossentropy fromLogits(boolean logits) {
        this.fromLogits = logits;
        return this;
    }

    /**
     * How much of a label is spread evenly over all classes; 0 unless set.
     *
     * @param share from 0 to 1
     * @return this
     */
    public CategoricalCrossentropy labelSmoothing(double share) {
        this.labelSmoothing = requireRange("labelSmoothing", share, 0, 1);
        return this;
    }

    @Override
    Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        long classes = Targets.requireClasses(this, prediction).get(-1);
        Operand<TFloat32> wanted =
                Formulas.smooth(tf, Targets.like(tf, this, target, prediction), labelSmoothing, classes);
        return fromLogits
                ? Formulas.categoricalCrossentropyOfLogits(tf, wanted, prediction)
                : Formulas.categoricalCrossentropy(tf, wanted, prediction);
    }
}
