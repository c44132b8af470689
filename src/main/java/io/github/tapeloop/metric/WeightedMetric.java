package io.github.tapeloop.metric;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** A metric that takes batches with and without sample weights in one place. */
abstract class WeightedMetric extends Metric {

    WeightedMetric(String name) {
        super(name);
    }

    @Override
    public final void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        update(tf, target, prediction, Weights.NONE);
    }

    @Override
    public final void update(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> sampleWeight) {
        update(tf, target, prediction, Weights.of(name(), sampleWeight));
    }

    /** Takes a batch into account, each element as often as its weight says. */
    abstract void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights);

    /** Refuses to change what the state depends on. */
    final void requireNoState(String option) {
        if (state().size() > 0) {
            throw new IllegalStateException(
                    "Metric '" + name() + "' has measured already: set " + option + " before the first update");
        }
    }

    /** Refuses a number outside a closed range. */
    final double requireRange(String option, double value, double low, double high) {
        if (!(value >= low && value <= high)) {
            throw new IllegalArgumentException(
                    "Metric '" + name() + "' needs " + option + " in [" + low + ", " + high + "], got " + value);
        }
        return value;
    }

    final int requireAtLeast(String option, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "Metric '" + name() + "' needs " + option + " of at least " + least + ", got " + value);
        }
        return value;
    }
}
