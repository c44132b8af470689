package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The weighted mean of a value per element, or per example. Keras averages over an example first; with a fixed number of
 * elements in each example, and always without the last, that is the same.
 */
abstract class MeanOf extends WeightedMetric {

    MeanOf(String name) {
        super(name);
    }

    /** What is averaged: numbers or booleans, [batch] or [batch, …]. */
    abstract Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction);

    @Override
    final void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights) {
        average(tf, values(tf, target, prediction), weights);
    }
}
