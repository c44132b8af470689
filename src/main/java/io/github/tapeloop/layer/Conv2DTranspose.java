package io.github.tapeloop.layer;

/**
 * A transposed convolution over images, also called deconvolution: activation(y + bias), where y is
 * what the gradient of a convolution with this kernel makes of x. The kernel is float32 [height, width, filters, channels], drawn by
 * {@link Initializer#glorotUniform()}, the bias float32 [filters], zeros. As in Keras, strides and dilation rate are 1 and
 * the padding is {@link Padding#VALID} unless set.
 *
 * <p>Input float32 [batch, height, width, channels] with known height and width, output float32 [batch, height, width,
 * filters]: each size is size · strides with {@link Padding#SAME}, (size - 1) · strides + max(window, strides) with valid,
 * where a window with a dilation rate d spans (kernel size - 1) · d + 1.
 */
public final class Conv2DTranspose extends TransposedConvolution<Conv2DTranspose> {

    /**
     * A layer without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize height and width of the window, at least 1
     */
    public Conv2DTranspose(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize height and width of the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public Conv2DTranspose(int filters, int kernelSize, ActivationFunction activation) {
        this(filters, kernelSize, kernelSize, activation);
    }

    /**
     * A layer with a rectangular window, without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelHeight height of the window, at least 1
     * @param kernelWidth width of the window, at least 1
     */
    public Conv2DTranspose(int filters, int kernelHeight, int kernelWidth) {
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
    public Conv2DTranspose(int filters, int kernelHeight, int kernelWidth, ActivationFunction activation) {
        super(false, filters, new Extent(kernelHeight, kernelWidth), activation);
    }

    /**
     * How far the window moves.
     *
     * @param down step along the height, at least 1
     * @param right step along the width, at least 1
     * @return this
     */
    public Conv2DTranspose strides(int down, int right) {
        return strides(new Extent(down, right));
    }

    /**
     * How far apart the elements of the window are, see {@link #dilationRate(int)}.
     *
     * @param down rate along the height, at least 1
     * @param right rate along the width, at least 1
     * @return this
     */
    public Conv2DTranspose dilationRate(int down, int right) {
        return dilationRate(new Extent(down, right));
    }
}
