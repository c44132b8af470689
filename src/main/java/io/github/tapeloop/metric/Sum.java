package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * The weighted sum of numbers: Σ w v. In a hand-written loop it adds up whatever it is given; among a trainer's metrics it
 * adds up the predictions.
 */
public final class Sum extends WeightedMetric {

    private static final String TOTAL = "total";

    /** Creates a metric named {@code sum}. */
    public Sum() {
        this("sum");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public Sum(String name) {
        super(name);
    }

    /**
     * Adds numbers.
     *
     * @param tf makes ops
     * @param values numbers of any shape
     */
    public void update(Ops tf, Operand<? extends TNumber> values) {
        add(tf, values, Weights.NONE);
    }

    /**
     * Adds numbers with weights.
     *
     * @param tf makes ops
     * @param values numbers of any shape, [batch, …]
     * @param weight how much each counts: [batch], or more of the leading dimensions of {@code values}, or a scalar
     * @throws IllegalArgumentException if the weights do not broadcast to the values
     */
    public void updateWeighted(Ops tf, Operand<? extends TNumber> values, Operand<? extends TNumber> weight) {
        add(tf, values, Weights.of(name(), weight));
    }

    @Override
    void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights) {
        add(tf, prediction, weights);
    }

    private void add(Ops tf, Operand<? extends TNumber> values, Weights weights) {
        Operand<TFloat64> weighted = weights.times(tf, Tensors.cast(tf, values, TFloat64.class));
        state(tf, TOTAL, Shape.scalar()).assignAdd(tf, Weights.sum(tf, weighted));
    }

    @Override
    protected Operand<? extends TNumber> compute(Ops tf) {
        return state(tf, TOTAL, Shape.scalar()).read(tf);
    }

    @Override
    public boolean hasDirection() {
        return false;
    }
}
