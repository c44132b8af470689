package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The mean of -t log p - (1 - t) log(1 - p) over all elements, p clipped to [1e-7, 1 - 1e-7]. Targets and predictions
 * have the same shape, [batch, …].
 */
public final class BinaryCrossentropy extends MeanOf {

    private boolean fromLogits;
    private double labelSmoothing;

    /** Creates a metric named {@code binary_crossentropy}. */
    public BinaryCrossentropy() {
        this("binary_crossentropy");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public BinaryCrossentropy(String name) {
        super(name);
    }

    /**
     * Whether predictions are logits; probabilities unless set.
     *
     * @param logits true for models whose last layer has no activation
     * @return this
     */
    public BinaryCrossentropy fromLogits(boolean logits) {
        this.fromLogits = logits;
        return this;
    }

    /**
     * How much of a label is spread evenly over all classes; 0 unless set.
     *
     * @param share from 0 to 1
     * @return this
     */
    public BinaryCrossentropy labelSmoothing(double share) {
        this.labelSmoothing = requireRange("labelSmoothing", share, 0, 1);
        return this;
    }

    @Override
    Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> wanted = Formulas.smooth(tf, Targets.like(tf, this, target, prediction), labelSmoothing, 2);
        return fromLogits
                ? Formulas.binaryCrossentropyOfLogits(tf, wanted, prediction)
                : Formulas.binaryCrossentropy(tf, wanted, prediction);
    }
}
