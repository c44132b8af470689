package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The mean of each channel over height and width of an image, summed in float32 in mixed precision.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 [batch, channels].
 */
public final class GlobalAveragePool2D extends GlobalPool<GlobalAveragePool2D> {

    /** Creates a layer. */
    public GlobalAveragePool2D() {
        super("Mean", false);
    }

    @Override
    Operand<TFloat32> pool(ForwardPass pass, Ops tf, Operand<TFloat32> x, Operand<TInt32> axes) {
        return FullPrecision.compute(pass, tf, x, (full, wide) -> super.pool(pass, full, wide, axes));
    }
}
