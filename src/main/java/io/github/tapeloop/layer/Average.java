package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Takes the mean of its inputs for each element; shapes are the same or broadcast. */
public final class Average extends Merge {

    /** Creates a layer. */
    public Average() {}

    @Override
    protected InputType inputType() {
        return InputType.FLOATING;
    }

    @Override
    protected Operand<TFloat32> merge(Ops tf, List<Operand<TFloat32>> inputs) {
        // Halves that half precision holds may have a sum that it does not hold.
        Operand<TFloat32> sum = inputs.stream()
                .map(x -> DtypePolicy.full(tf, x))
                .reduce((a, b) -> tf.math.add(a, b))
                .orElseThrow();
        Operand<TFloat32> mean = tf.math.mul(sum, Tensors.constant(tf, 1.0 / inputs.size(), sum.type()));
        return Tensors.cast(tf, mean, inputs.get(0).type());
    }
}
