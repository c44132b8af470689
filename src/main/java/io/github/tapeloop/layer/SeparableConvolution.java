package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.function.UnaryOperator;
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
     * Says how the kernel of the channels, float32 [kernel size …, channels, depth multiplier], starts, and what holds it.
     * Drawn by {@link Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public L depthwiseKernel(UnaryOperator<WeightSpec> change) {
        return changeDepthwise("depthwiseKernel", change);
    }

    /**
     * Says how the kernel that mixes the channels, float32 [1 …, channels · depth multiplier, filters], starts, and what
     * holds it. Drawn by {@link Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public L pointwiseKernel(UnaryOperator<WeightSpec> change) {
        this.pointwiseKernel = changed("pointwiseKernel", pointwiseKernel, change);
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
