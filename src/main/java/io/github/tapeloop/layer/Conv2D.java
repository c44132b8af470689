package io.github.tapeloop.layer;

import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A convolution over images: activation(x ∗ kernel + bias). The kernel is float32 [height, width, channels, filters], drawn
 * by {@link Initializer#glorotUniform()}, the bias float32 [filters], zeros. As in Keras, strides are 1 and the padding is
 * {@link Padding#VALID} unless set.
 */
public final class Conv2D extends Layer {

    private final int filters;
    private final int kernelSize;
    private final ActivationFunction activation;
    private int strides = 1;
    private Padding padding = Padding.VALID;
    private boolean useBias = true;
    private Initializer kernelInitializer = Initializer.glorotUniform();

    /**
     * A convolution without activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize height and width of the window, at least 1
     */
    public Conv2D(int filters, int kernelSize) {
        this(filters, kernelSize, Activations.LINEAR);
    }

    /**
     * A convolution with an activation.
     *
     * @param filters channels of the output, at least 1
     * @param kernelSize height and width of the window, at least 1
     * @param activation one of {@link Activations}, or a lambda
     */
    public Conv2D(int filters, int kernelSize, ActivationFunction activation) {
        this.filters = Windows.requirePositive("Conv2D", "filters", filters);
        this.kernelSize = Windows.requirePositive("Conv2D", "kernelSize", kernelSize);
        this.activation = Objects.requireNonNull(activation, "activation");
    }

    /**
     * How far the window moves.
     *
     * @param step at least 1
     * @return this
     */
    public Conv2D strides(int step) {
        requireNotBuilt("strides");
        this.strides = Windows.requirePositive("Conv2D", "strides", step);
        return this;
    }

    /**
     * What the window does at the edges.
     *
     * @param kind valid or same
     * @return this
     */
    public Conv2D padding(Padding kind) {
        requireNotBuilt("padding");
        this.padding = Objects.requireNonNull(kind, "kind");
        return this;
    }

    /**
     * Whether to add a bias; true unless set.
     *
     * @param use false for none
     * @return this
     */
    public Conv2D useBias(boolean use) {
        requireNotBuilt("useBias");
        this.useBias = use;
        return this;
    }

    /**
     * What draws the kernel.
     *
     * @param initializer makes a value float32 [height, width, channels, filters]
     * @return this
     */
    public Conv2D kernelInitializer(Initializer initializer) {
        requireNotBuilt("kernelInitializer");
        this.kernelInitializer = Objects.requireNonNull(initializer, "initializer");
        return this;
    }

    /**
     * Convolves.
     *
     * @param pass makes ops
     * @param x float32 [batch, height, width, channels]
     * @return float32 [batch, height, width, filters], height and width by strides and padding
     * @throws IllegalArgumentException if x has other than 4 dimensions, or other channels than before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this);
        long channels = Windows.requireImage(this, x).get(-1);
        Operand<TFloat32> kernel = weight(
                        pass,
                        "kernel",
                        Shape.of(kernelSize, kernelSize, channels, filters),
                        x.type(),
                        kernelInitializer)
                .read(tf);
        Operand<TFloat32> y = tf.scope()
                .opBuilder("Conv2D", "Conv2D")
                .addInput(x.asOutput())
                .addInput(kernel.asOutput())
                .setAttr("strides", Windows.overImage(strides))
                .setAttr("padding", padding.name())
                .build()
                .output(0);
        if (useBias) {
            y = tf.nn.biasAdd(
                    y,
                    weight(pass, "bias", Shape.of(filters), x.type(), Initializer.zeros())
                            .read(tf));
        }
        return activation.call(tf, y);
    }
}
