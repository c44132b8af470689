package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A convolution that starts with filters for each channel by itself. */
abstract class DepthwiseConvolution<L extends DepthwiseConvolution<L>> extends Convolution<L> {

    private int depthMultiplier = 1;
    private WeightSpec depthwiseKernel = WeightSpec.of(Initializer.glorotUniform());

    DepthwiseConvolution(boolean series, Extent kernelSize, ActivationFunction activation) {
        super(series, kernelSize, activation);
    }

    /**
     * How many filters each channel has; 1 unless set.
     *
     * @param count at least 1
     * @return this
     */
    public L depthMultiplier(int count) {
        requireNotBuilt("depthMultiplier");
        this.depthMultiplier = Images.requirePositive(this, "depthMultiplier", count);
        return self();
    }

    /**
     * What draws the kernel of the channels; {@link Initializer#glorotUniform()} unless set.
     *
     * @param initializer makes a value float32 [kernel size …, channels, depth multiplier]
     * @return this
     */
    public L depthwiseInitializer(Initializer initializer) {
        requireNotBuilt("depthwiseInitializer");
        this.depthwiseKernel = depthwiseKernel.initializer(initializer);
        return self();
    }

    /**
     * The penalty of the kernel of the channels, added to the loss.
     *
     * @param regularizer {@link Regularizer#l2} for example
     * @return this
     */
    public L depthwiseRegularizer(Regularizer regularizer) {
        requireNotBuilt("depthwiseRegularizer");
        this.depthwiseKernel = depthwiseKernel.regularizer(regularizer);
        return self();
    }

    /**
     * Where the kernel of the channels is kept after each update.
     *
     * @param constraint {@link Constraint#maxNorm} for example
     * @return this
     */
    public L depthwiseConstraint(Constraint constraint) {
        requireNotBuilt("depthwiseConstraint");
        this.depthwiseKernel = depthwiseKernel.constraint(constraint);
        return self();
    }

    /**
     * {@inheritDoc}
     *
     * @param step {@inheritDoc}
     * @return {@inheritDoc}
     */
    @Override
    public L strides(int step) {
        // TensorFlow's op wants the same for both directions; an image of height 1 keeps it whatever the step.
        return strides(Extent.square(step));
    }

    @Override
    long channels(long in) {
        return in * depthMultiplier;
    }

    /**
     * {@inheritDoc} Depthwise ones also are where the window has one element in a direction, and several filters; and on the
     * way back where strides leave out elements of the image, at its edge or between windows.
     */
    @Override
    final boolean isWrongInBfloat16(long in) {
        int narrowest = series() ? size().width() : size().smaller();
        return narrowest < 2 || strides().larger() > 1 || super.isWrongInBfloat16(in);
    }

    final Operand<TFloat32> depthwise(ForwardPass pass, Ops tf, String kernelName, Operand<TFloat32> image) {
        Operand<TFloat32> kernel = kernel(
                pass,
                tf,
                kernelName,
                size().kernel(Tensors.shape(image).get(-1), depthMultiplier),
                image.type(),
                depthwiseKernel);
        return dilated(tf, image, (x, edges) -> moving(tf, "DepthwiseConv2dNative", edges, x, kernel)
                .build()
                .output(0));
    }
}
