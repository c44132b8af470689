package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * The weighted mean of numbers: Σ w v / Σ w, 0 if there were none. In a hand-written loop it averages whatever it is given,
 * a loss for example; among a trainer's metrics it averages the predictions.
 */
public final class Mean extends Metric {

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
     * Adds one number with a weight.
     *
     * @param tf makes ops
     * @param value a scalar
     * @param weight its weight: the size of the batch that {@code value} is the mean of, for example
     */
    public void update(Ops tf, Operand<? extends TNumber> value, double weight) {
        average(tf, value, tf.constant(weight));
    }

    /**
     * Adds one number with a computed weight.
     *
     * @param tf makes ops
     * @param value a scalar
     * @param weight its weight, a float64 scalar
     */
    public void updateWeighted(Ops tf, Operand<? extends TNumber> value, Operand<TFloat64> weight) {
        average(tf, value, weight);
    }

    @Override
    public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        average(tf, prediction);
    }
}
