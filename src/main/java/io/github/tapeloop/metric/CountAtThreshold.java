package io.github.tapeloop.metric;

import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** One of the four counts: true or false, positives or negatives. */
abstract class CountAtThreshold extends ConfusionMetric {

    private final Function<Confusion, Operand<TFloat64>> count;

    CountAtThreshold(String name, Function<Confusion, Operand<TFloat64>> count) {
        super(name, Ends.OPEN, 0.5);
        this.count = count;
    }

    @Override
    protected final Operand<? extends TNumber> compute(Ops tf) {
        return perThreshold(tf, count.apply(confusion(tf)));
    }
}
