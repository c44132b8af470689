package io.github.tapeloop.layer;

/**
 * A {@link DepthwiseConv2D} without bias and activation, followed by filters that see all channels of one pixel:
 * activation((x ∗ depthwise kernel) · pointwise kernel + bias) (Chollet 2017). The kernels are float32 [height, width,
 * channels, depth multiplier] and [1, 1, channels · depth multiplier, filters], drawn by {@link
 * Initializer#glorotUniform()}, the bias float32 [filters], zeros. Strides, dilation rate and padding are those of the first
 * part; the strides are the same for height and width.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 [batch, height, width, filters].
 */
public final class SeparableConv2D extends SeparableConvolution<SeparableConv2D> {

    /**
     * A layer without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize height and width of the window, at least 1
     */
    public SeparableConv2D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize height and width of the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public SeparableConv2D(int filters, int kernelSize, ActivationFunction activation) {
        this(filters, kernelSize, kernelSize, activation);
    }

    /**
     * A layer with a rectangular window, without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelHeight height of the window, at least 1
     * @param kernelWidth width of the window, at least 1
     */
    public SeparableConv2D(int filters, int kernelHeight, int kernelWidth) {
        this(filters, kernelHeight, kernelWidth, Activations.LINEAR);
    }

    /**
     * A layer with a rectangular window and an activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelHeight height of the window, at least 1
     * @param kernelWidth width of the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public SeparableConv2D(int filters, int kernelHeight, int kernelWidth, ActivationFunction activation) {
        super(false, filters, new Extent(kernelHeight, kernelWidth), activation);
    }

    /**
     * How far apart the elements of the window are, see {@link #dilationRate(int)}.
     *
     * @param down rate along the height, at least 1
     * @param right rate along the width, at least 1
     * @return this
     */
    public SeparableConv2D dilationRate(int down, int right) {
        return dilationRate(new Extent(down, right));
    }
}
