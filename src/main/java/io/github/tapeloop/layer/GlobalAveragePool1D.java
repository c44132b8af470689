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
 * none, where Keras divides by 0. Summed in float32 in mixed precision.
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
        return FullPrecision.compute(
                pass,
                tf,
                x,
                (full, wide) -> mask == null ? super.pool(pass, full, wide, axes) : mean(full, wide, mask, axes));
    }

    private Operand<TFloat32> mean(Ops tf, Operand<TFloat32> x, Operand<TBool> mask, Operand<TInt32> axes) {
        Sum.Options keep = Sum.keepDims(keepsDims());
        Operand<TBool> data = Masks.expanded(tf, mask, 3);
        Operand<TFloat32> sum = tf.sum(tf.select(data, x, Tensors.constant(tf, 0, x.type())), axes, keep);
        return tf.math.divNoNan(sum, tf.sum(tf.dtypes.cast(data, x.type()), axes, keep));
    }
}
