package io.github.tapeloop.layer;

/**
 * A convolution over series: activation(x ∗ kernel + bias). The kernel is float32 [steps, channels / groups, filters], drawn
 * by {@link Initializer#glorotUniform()}, the bias float32 [filters], zeros. As in Keras, strides, dilation rate and groups
 * are 1 and the padding is {@link Padding#VALID} unless set; {@link Padding#CAUSAL} lets no output see later inputs.
 *
 * <p>Input float32 [batch, steps, channels], output float32 [batch, steps, filters].
 */
public final class Conv1D extends GroupedConvolution<Conv1D> {

    /**
     * A layer without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize steps in the window, at least 1
     */
    public Conv1D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /**
     * A layer with an activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize steps in the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public Conv1D(int filters, int kernelSize, ActivationFunction activation) {
        super(true, filters, Extent.along(kernelSize), activation);
    }

    @Override
    boolean takesCausal() {
        return true;
    }
}
