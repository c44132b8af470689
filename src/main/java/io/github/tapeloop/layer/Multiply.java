package io.github.tapeloop.layer;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/** Multiplies its inputs, whose shapes are the same or broadcast; what is masked counts as 1. */
public final class Multiply extends Merge {

    /** Creates a layer. */
    public Multiply() {}

    @Override
    protected Operand<TFloat32> merge(Ops tf, List<Operand<TFloat32>> inputs) {
        return inputs.stream().reduce((a, b) -> tf.math.mul(a, b)).orElseThrow();
    }

    @Override
    Operand<TFloat32> mergeMasked(MergedMasks masks, Operand<TBool> mask) {
        return mergeFilled(masks, mask, 1);
    }
}
