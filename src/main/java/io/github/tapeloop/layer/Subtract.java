package io.github.tapeloop.layer;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Subtracts its second input from its first; shapes are the same or broadcast. */
public final class Subtract extends Merge {

    /** Creates a layer. */
    public Subtract() {}

    @Override
    int arity() {
        return 2;
    }

    @Override
    protected Operand<TFloat32> merge(Ops tf, List<Operand<TFloat32>> inputs) {
        return tf.math.sub(inputs.get(0), inputs.get(1));
    }
}
