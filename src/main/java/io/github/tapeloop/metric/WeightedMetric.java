package io.github.tapeloop.metric;

import io.github.tapeloop.measure.FullPrecision;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** A metric of the library's own that takes batches with and without sample weights in one place. */
abstract class WeightedMetric extends Metric {

    WeightedMetric(String name) {
        super(name);
    }

    @Override
    public final void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        update(tf, target, FullPrecision.of(tf, prediction), Weights.NONE);
    }

    @Override
    public final void update(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> sampleWeight) {
        update(tf, target, FullPrecision.of(tf, prediction), Weights.of(name(), sampleWeight));
    }

    /** Takes a batch into account, each element as often as its weight says. */
    abstract void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights);

    @Override
    public final boolean isTraceable() {
        return true;
    }
}
