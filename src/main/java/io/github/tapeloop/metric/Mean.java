package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The weighted mean of numbers: Σ w v / Σ w, 0 if there were none. In a hand-written loop it averages whatever it is given,
 * a loss for example; among a trainer's metrics it averages the predictions.
 */
public final class Mean extends MeanOf {

    /**
     * Creates a mean.
     *
     * @param name its name in logs and history
     */
    public Mean(String name) {
        super(name);
    }

    /**
     * Adds numbers, each with weight 1.
     *
     * @param tf makes ops
     * @param values numbers of any shape
     */
    public void update(Ops tf, Operand<? extends TNumber> values) {
        average(tf, values);
    }

    /**
     * Adds numbers with a weight.
     *
     * @param tf makes ops
     * @param value numbers of any shape
     * @param weight the weight of each: the size of the batch that a scalar is the mean of, for example
     */
    public void update(Ops tf, Operand<? extends TNumber> value, double weight) {
        average(tf, value, tf.constant(weight));
    }

    /**
     * Adds numbers with weights.
     *
     * @param tf makes ops
     * @param value numbers of any shape, [batch, …]
     * @param weight how much each counts: [batch], or more of the leading dimensions of {@code value}, or a scalar
     * @throws IllegalArgumentException if the weights do not broadcast to the values
     */
    public void updateWeighted(Ops tf, Operand<? extends TNumber> value, Operand<? extends TNumber> weight) {
        average(tf, value, weight);
    }

    @Override
    protected Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return prediction;
    }

    @Override
    public boolean hasDirection() {
        return false;
    }
}
