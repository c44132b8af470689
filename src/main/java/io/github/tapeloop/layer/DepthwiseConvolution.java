package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

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
        requireUnused("depthMultiplier");
        this.depthMultiplier = Images.requirePositive(this, "depthMultiplier", count);
        return self();
    }

    /** What the setter of the kernel of the channels does, which is named as the kernel is. */
    final L changeDepthwise(String setting, UnaryOperator<WeightSpec> change) {
        this.depthwiseKernel = changed(setting, depthwiseKernel, change);
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

    /**
     * The kernel, and its gradient, if there is an image, else zeros: of no image TensorFlow's kernel gives memory that nobody
     * wrote as the gradient (TensorFlow Java 1.1.0).
     */
    private static Operand<TFloat32> forSome(Ops tf, Operand<TFloat32> image, Operand<TFloat32> kernel) {
        Operand<TInt32> images = Dimensions.count(tf, image, new int[] {0}, TInt32.class);
        return tf.select(tf.math.greater(images, tf.constant(0)), kernel, Tensors.constant(tf, 0, kernel.type()));
    }

    final Operand<TFloat32> depthwise(ForwardPass pass, Ops tf, String kernelName, Operand<TFloat32> image) {
        Operand<TFloat32> kernel = kernel(
                pass,
                tf,
                kernelName,
                size().kernel(Tensors.shape(image).get(-1), depthMultiplier),
                image.type(),
                depthwiseKernel);
        Operand<TFloat32> used =
                Tensors.shape(image).get(0) == Shape.UNKNOWN_SIZE ? forSome(tf, image, kernel) : kernel;
        return dilated(tf, image, (x, edges) -> moving(tf, "DepthwiseConv2dNative", edges, x, used)
                .build()
                .output(0));
    }
}
