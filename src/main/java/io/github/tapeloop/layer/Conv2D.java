package io.github.tapeloop.layer;

/**
 * A convolution over images: activation(x ∗ kernel + bias). The kernel is float32 [height, width, channels / groups,
 * filters], drawn by {@link Initializer#glorotUniform()}, the bias float32 [filters], zeros. As in Keras, strides, dilation
 * rate and groups are 1 and the padding is {@link Padding#VALID} unless set.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 [batch, height, width, filters].
 */
public final class Conv2D extends GroupedConvolution<Conv2D> {

    /**
     * A layer without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize height and width of the window, at least 1
     */
    public Conv2D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize height and width of the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public Conv2D(int filters, int kernelSize, ActivationFunction activation) {
        this(filters, kernelSize, kernelSize, activation);
    }

    /**
     * A layer with a rectangular window, without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelHeight height of the window, at least 1
     * @param kernelWidth width of the window, at least 1
     */
    public Conv2D(int filters, int kernelHeight, int kernelWidth) {
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
    public Conv2D(int filters, int kernelHeight, int kernelWidth, ActivationFunction activation) {
        super(false, filters, new Extent(kernelHeight, kernelWidth), activation);
    }

    /**
     * How far the window moves.
     *
     * @param down step along the height, at least 1
     * @param right step along the width, at least 1
     * @return this
     */
    public Conv2D strides(int down, int right) {
        return strides(new Extent(down, right));
    }

    /**
     * How far apart the elements of the window are, see {@link #dilationRate(int)}.
     *
     * @param down rate along the height, at least 1
     * @param right rate along the width, at least 1
     * @return this
     */
    public Conv2D dilationRate(int down, int right) {
        return dilationRate(new Extent(down, right));
    }
}
