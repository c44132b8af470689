package io.github.tapeloop.layer;

/**
 * A {@link DepthwiseConv1D} without bias and activation, followed by filters that see all channels of one step: {@link
 * SeparableConv2D} along steps. The kernels are float32 [steps, channels, depth multiplier] and [1, channels · depth
 * multiplier, filters], drawn by {@link Initializer#glorotUniform()}, the bias float32 [filters], zeros.
 *
 * <p>Input float32 [batch, steps, channels], output float32 [batch, steps, filters].
 */
public final class SeparableConv1D extends SeparableConvolution<SeparableConv1D> {

    /**
     * A layer without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize steps in the window, at least 1
     */
    public SeparableConv1D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize steps in the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public SeparableConv1D(int filters, int kernelSize, ActivationFunction activation) {
        super(true, filters, Extent.along(kernelSize), activation);
    }
}
