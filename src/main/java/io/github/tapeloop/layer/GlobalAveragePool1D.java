package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The mean of each channel over all steps of a series, or over those that its mask says are data: zeros where there are
 * none, where Keras divides by 0.
 *
 * <p>Input float32 [batch, steps, channels], output float32 [batch, channels].
 */
public final class GlobalAveragePool1D extends GlobalPool<GlobalAveragePool1D> {

    /** Creates a layer. */
    public GlobalAveragePool1D() {
        super("Mean", true);
    }

    @Override
    Operand<TFloat32> pool(ForwardPass pass, Ops tf, Operand<TFloat32> x, Operand<TInt32> axes) {
        Operand<TBool> mask = StepMask.ofSteps(this, pass, x);
        if (mask == null) {
            return super.pool(pass, tf, x, axes);
        }
        Sum.Options keep = Sum.keepDims(keepsDims());
        Operand<TBool> data = Masks.expanded(tf, mask, 3);
        Operand<TFloat32> sum = tf.sum(tf.select(data, x, Tensors.constant(tf, 0, x.type())), axes, keep);
        // Counted as float32: bfloat16 ends to count at 256.
        Operand<TFloat32> count = tf.sum(tf.dtypes.cast(data, TFloat32.class), axes, keep);
        return tf.math.divNoNan(sum, Tensors.cast(tf, count, x.type()));
    }
}
