package io.github.tapeloop.layer;

import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A convolution over images whose filters see one channel each: activation(x ∗ kernel + bias). The kernel is float32
 * [height, width, channels, depth multiplier], drawn by {@link Initializer#glorotUniform()}, the bias float32 [channels ·
 * depth multiplier], zeros. As in Keras, strides, dilation rate and depth multiplier are 1 and the padding is {@link
 * Padding#VALID} unless set; the strides are the same for height and width.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 [batch, height, width, channels · depth multiplier]: the
 * outputs of one channel lie side by side.
 */
public final class DepthwiseConv2D extends DepthwiseConvolution<DepthwiseConv2D> {

    /**
     * A layer without activation.
     *
     * @param kernelSize height and width of the window, at least 1
     */
    public DepthwiseConv2D(int kernelSize) {
        this(kernelSize, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param kernelSize height and width of the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public DepthwiseConv2D(int kernelSize, ActivationFunction activation) {
        this(kernelSize, kernelSize, activation);
    }

    /**
     * A layer with a rectangular window, without activation.
     *
     * @param kernelHeight height of the window, at least 1
     * @param kernelWidth width of the window, at least 1
     */
    public DepthwiseConv2D(int kernelHeight, int kernelWidth) {
        this(kernelHeight, kernelWidth, Activations.LINEAR);
    }

    /**
     * A layer with a rectangular window and an activation.
     *
     * @param kernelHeight height of the window, at least 1
     * @param kernelWidth width of the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public DepthwiseConv2D(int kernelHeight, int kernelWidth, ActivationFunction activation) {
        super(false, new Extent(kernelHeight, kernelWidth), activation);
    }

    /**
     * How far apart the elements of the window are, see {@link #dilationRate(int)}.
     *
     * @param down rate along the height, at least 1
     * @param right rate along the width, at least 1
     * @return this
     */
    public DepthwiseConv2D dilationRate(int down, int right) {
        return dilationRate(new Extent(down, right));
    }

    /**
     * Says how the kernel, float32 [height, width, channels, depth multiplier], starts, and what holds it. Drawn by {@link
     * Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public DepthwiseConv2D kernel(UnaryOperator<WeightSpec> change) {
        return changeDepthwise("kernel", change);
    }

    @Override
    Operand<TFloat32> convolve(ForwardPass pass, Ops tf, Operand<TFloat32> image) {
        return depthwise(pass, tf, "kernel", image);
    }
}
