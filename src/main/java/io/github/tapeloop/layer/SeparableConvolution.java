package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Filters for each channel by itself, then filters that see all channels of one place. */
abstract class SeparableConvolution<L extends SeparableConvolution<L>> extends DepthwiseConvolution<L> {

    private final int filters;
    private WeightSpec pointwiseKernel = WeightSpec.of(Initializer.glorotUniform());

    SeparableConvolution(boolean series, int filters, Extent kernelSize, ActivationFunction activation) {
        super(series, kernelSize, activation);
        this.filters = Images.requirePositive(this, "filters", filters);
    }

    /**
     * What draws the kernel that mixes the channels; {@link Initializer#glorotUniform()} unless set.
     *
     * @param initializer makes a value float32 [1 …, channels · depth multiplier, filters]
     * @return this
     */
    public L pointwiseInitializer(Initializer initializer) {
        requireNotBuilt("pointwiseInitializer");
        this.pointwiseKernel = pointwiseKernel.initializer(initializer);
        return self();
    }

    /**
     * The penalty of the kernel that mixes the channels, added to the loss.
     *
     * @param regularizer {@link Regularizer#l2} for example
     * @return this
     */
    public L pointwiseRegularizer(Regularizer regularizer) {
        requireNotBuilt("pointwiseRegularizer");
        this.pointwiseKernel = pointwiseKernel.regularizer(regularizer);
        return self();
    }

    /**
     * Where the kernel that mixes the channels is kept after each update.
     *
     * @param constraint {@link Constraint#maxNorm} for example
     * @return this
     */
    public L pointwiseConstraint(Constraint constraint) {
        requireNotBuilt("pointwiseConstraint");
        this.pointwiseKernel = pointwiseKernel.constraint(constraint);
        return self();
    }

    @Override
    final long channels(long in) {
        return filters;
    }

    @Override
    final Operand<TFloat32> convolve(ForwardPass pass, Ops tf, Operand<TFloat32> image) {
        Operand<TFloat32> deep = depthwise(pass, tf, "depthwise_kernel", image);
        long in = super.channels(Tensors.shape(image).get(-1));
        Operand<TFloat32> kernel =
                kernel(pass, tf, "pointwise_kernel", Extent.ONE.kernel(in, filters), image.type(), pointwiseKernel);
        return tf.nn.conv2d(deep, kernel, List.of(1L, 1L, 1L, 1L), Padding.VALID.name());
    }
}
