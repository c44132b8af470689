package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** What all convolutions share: a dilation, a bias and an activation. */
abstract class Convolution<L extends Convolution<L>> extends WindowLayer<L> {

    /** TensorFlow cuts a dilated image into parts one by one, which takes minutes for a billion of them. */
    private static final int MOST_PARTS = 1 << 20;

    private final ActivationFunction activation;
    private Extent dilationRate = Extent.ONE;
    private boolean useBias = true;
    private WeightSpec bias = WeightSpec.of(Initializer.zeros());
    private Regularizer activityRegularizer;

    Convolution(boolean series, Extent kernelSize, ActivationFunction activation) {
        super(series, "kernelSize", kernelSize, Extent.ONE);
        this.activation = Objects.requireNonNull(activation, "activation");
    }

    /**
     * How far apart the elements of the window are, in each direction; 1 unless set. With a rate above 1 the strides must
     * be 1, and the height and width (or steps) of the input must be known.
     *
     * @param rate at least 1; for images, 1,024 at most
     * @return this
     */
    public L dilationRate(int rate) {
        return dilationRate(extent(rate));
    }

    /**
     * Whether to add a bias; true unless set.
     *
     * @param use false for none
     * @return this
     */
    public L useBias(boolean use) {
        requireUnused("useBias");
        this.useBias = use;
        return self();
    }

    /**
     * Says how the bias, float32 [channels of the output], starts, and what holds it. Zeros unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public L bias(UnaryOperator<WeightSpec> change) {
        this.bias = changed("bias", bias, change);
        return self();
    }

    /**
     * The penalty of the output, after the activation: divided by the size of the batch and added to the loss.
     *
     * @param regularizer {@link Regularizer#l1} for example
     * @return this
     */
    public L activityRegularizer(Regularizer regularizer) {
        requireUnused("activityRegularizer");
        this.activityRegularizer = Objects.requireNonNull(regularizer, "regularizer");
        return self();
    }

    /** Channels of the output, given those of the input. */
    abstract long channels(long in);

    /** How many groups the channels are in, of the input and of the output. */
    int groups() {
        return 1;
    }

    /** What the window computes from images. */
    abstract Operand<TFloat32> convolve(ForwardPass pass, Ops tf, Operand<TFloat32> image);

    @Override
    final Operand<TFloat32> slide(ForwardPass pass, Ops tf, Operand<TFloat32> image) {
        Class<? extends TType> type = image.type();
        return type == TBfloat16.class && isWrongInBfloat16(Tensors.shape(image).get(-1))
                ? FullPrecision.compute(tf, image, (full, wide) -> convolve(pass, full, wide))
                : convolve(pass, tf, image);
    }

    /**
     * Whether bfloat16 is computed as float32, because TensorFlow's convolutions are wrong on CPUs that have instructions for
     * bfloat16 (TensorFlow Java 1.1.0): where a group of the image has an odd number of channels, or, on the way back, one
     * of the output.
     */
    boolean isWrongInBfloat16(long in) {
        return in / groups() % 2 == 1 || channels(in) / groups() % 2 == 1;
    }

    @Override
    final L strides(Extent steps) {
        requireOneOf(steps, dilationRate);
        return super.strides(steps);
    }

    final L dilationRate(Extent rate) {
        requireUnused("dilationRate");
        requireOneOf(strides(), rate);
        if ((long) rate.height() * rate.width() > MOST_PARTS) {
            throw new IllegalArgumentException(
                    "Expected a dilationRate of " + getClass().getSimpleName()
                            + " of at most " + MOST_PARTS + ", both directions multiplied, got " + rate.height() + " x "
                            + rate.width() + ": the image is cut into as many parts");
        }
        this.dilationRate = Images.requirePositive(this, "dilationRate", rate);
        return self();
    }

    @Override
    void check(Operand<?> x) {
        super.check(x);
        requireChannels(x);
        if (isDilated()) {
            Images.requireKnownSizes(this, x);
        }
    }

    /** Over none, TensorFlow's kernels disagree: one refuses, another gives zeros. */
    final void requireChannels(Operand<?> x) {
        if (Tensors.shape(x).get(-1) == 0) {
            throw Images.refusal(this, x, "at least one channel", "");
        }
    }

    @Override
    final Extent reach() {
        return size().spread(dilationRate);
    }

    private void requireOneOf(Extent strides, Extent rate) {
        if (strides.larger() > 1 && rate.larger() > 1) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName() + " cannot have strides and dilationRate above"
                            + " 1 at once, got strides " + strides.larger() + " and dilationRate " + rate.larger());
        }
    }

    @Override
    final Operand<TFloat32> finish(ForwardPass pass, Ops tf, Operand<TFloat32> x, Operand<TFloat32> y) {
        Operand<TFloat32> sum = y;
        if (useBias) {
            sum = tf.nn.biasAdd(
                    y,
                    weight(pass, "bias", Shape.of(channels(Tensors.shape(x).get(-1))), x.type(), bias)
                            .read(tf));
        }
        return penalized(pass, activation.call(tf, sum), activityRegularizer);
    }

    /** A kernel as it is over images. That of a series is stored without the height. */
    final Operand<TFloat32> kernel(
            ForwardPass pass, Ops tf, String name, Shape shape, Class<TFloat32> type, WeightSpec spec) {
        Shape stored = series() ? shape.tail() : shape;
        Operand<TFloat32> kernel = weight(pass, name, stored, type, spec).read(tf);
        return series() ? tf.expandDims(kernel, tf.constant(0)) : kernel;
    }

    /**
     * Moves the window over an image, or, with a dilation, over its interleaved parts.
     *
     * @param window makes the op, given an image and what to do at its edges
     */
    final Operand<TFloat32> dilated(Ops tf, Operand<TFloat32> image, Windowed window) {
        if (!isDilated()) {
            return window.over(image, padding());
        }
        return dilation(image, Images.sizes(image)).convolve(tf, image, part -> window.over(part, Padding.VALID));
    }

    final boolean isDilated() {
        return dilationRate.larger() > 1;
    }

    /** The dilation for images of a size; x is what they are made of, or make. */
    final Dilation dilation(Operand<?> x, Extent sizes) {
        Extent reach = reach();
        Images.size(this, x, (long) sizes.height() + reach.height() + dilationRate.height());
        Images.size(this, x, (long) sizes.width() + reach.width() + dilationRate.width());
        return Dilation.of(dilationRate, size(), padding(), sizes);
    }

    /** An op of this window. */
    @FunctionalInterface
    interface Windowed {
        Operand<TFloat32> over(Operand<TFloat32> image, Padding edges);
    }
}
