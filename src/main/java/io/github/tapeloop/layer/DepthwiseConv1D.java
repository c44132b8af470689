package io.github.tapeloop.layer;

import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A convolution over series whose filters see one channel each: {@link DepthwiseConv2D} along steps. The kernel is float32
 * [steps, channels, depth multiplier], drawn by {@link Initializer#glorotUniform()}, the bias float32 [channels · depth
 * multiplier], zeros.
 *
 * <p>Input float32 [batch, steps, channels], output float32 [batch, steps, channels · depth multiplier].
 */
public final class DepthwiseConv1D extends DepthwiseConvolution<DepthwiseConv1D> {

    /**
     * A layer without activation.
     *
     * @param kernelSize steps in the window, at least 1
     */
    public DepthwiseConv1D(int kernelSize) {
        this(kernelSize, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param kernelSize steps in the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public DepthwiseConv1D(int kernelSize, ActivationFunction activation) {
        super(true, Extent.along(kernelSize), activation);
    }

    /**
     * Says how the kernel, float32 [steps, channels, depth multiplier], starts, and what holds it. Drawn by {@link
     * Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public DepthwiseConv1D kernel(UnaryOperator<WeightSpec> change) {
        return changeDepthwise("kernel", change);
    }

    @Override
    Operand<TFloat32> convolve(ForwardPass pass, Ops tf, Operand<TFloat32> image) {
        return depthwise(pass, tf, "kernel", image);
    }
}
