package io.github.tapeloop.layer;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Multiplies its inputs, whose shapes are the same or broadcast. */
public final class Multiply extends Merge {

    /** Creates a layer. */
    public Multiply() {}

    @Override
    protected Operand<TFloat32> merge(Ops tf, List<Operand<TFloat32>> inputs) {
        return inputs.stream().reduce((a, b) -> tf.math.mul(a, b)).orElseThrow();
    }
}
