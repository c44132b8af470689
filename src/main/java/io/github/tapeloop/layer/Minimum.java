package io.github.tapeloop.layer;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * Takes the smallest of its inputs for each element; shapes are the same or broadcast. What is masked is not looked at; where all
 * inputs are masked the output is 0, where Keras gives the first input.
 */
public final class Minimum extends Merge {

    /** Creates a layer. */
    public Minimum() {}

    @Override
    protected Operand<TFloat32> merge(Ops tf, List<Operand<TFloat32>> inputs) {
        return inputs.stream().reduce((a, b) -> tf.math.minimum(a, b)).orElseThrow();
    }

    @Override
    Operand<TFloat32> mergeMasked(MergedMasks masks, Operand<TBool> mask) {
        return mergeFilled(masks, mask, Double.POSITIVE_INFINITY);
    }
}
