package io.github.tapeloop.layer;

/**
 * A transposed convolution over series: {@link Conv2DTranspose} along steps. The kernel is float32 [steps, filters,
 * channels], drawn by {@link Initializer#glorotUniform()}, the bias float32 [filters], zeros. As in Keras, strides and
 * dilation rate are 1 and the padding is {@link Padding#VALID} unless set.
 *
 * <p>Input float32 [batch, steps, channels] with known steps, output float32 [batch, steps, filters]: steps · strides with
 * {@link Padding#SAME}, (steps - 1) · strides + max(window, strides) with valid.
 */
public final class Conv1DTranspose extends TransposedConvolution<Conv1DTranspose> {

    /**
     * A layer without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize steps in the window, at least 1
     */
    public Conv1DTranspose(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize steps in the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public Conv1DTranspose(int filters, int kernelSize, ActivationFunction activation) {
        super(true, filters, Extent.along(kernelSize), activation);
    }
}
