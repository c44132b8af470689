package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * The way back of a convolution with gaps in its window: that of one without gaps, and with strides of 1, over the
 * interleaved parts of the image (every second row and column for a rate of 2). TensorFlow's backward kernels take gaps
 * with oneDNN only and not of every type, and those of a depthwise convolution end the process; this way is open on every
 * processor.
 */
final class DilatedConvolution {

    private final Ops tf;
    private final boolean channelsFirst;
    /** Those that the window moves along. */
    private final int[] axes;

    private final int[] rates;
    private final int[] strides;
    private final String padding;
    private final long[] explicitPaddings;

    DilatedConvolution(Ops tf, OpGradient op) {
        this.tf = tf;
        this.channelsFirst =
                op.attribute("data_format", String.class).orElse("").startsWith("NC");
        int first = channelsFirst ? 2 : 1;
        long[] dilations = RawOps.numbers(op, "dilations");
        this.axes = IntStream.range(first, first + dilations.length - 2).toArray();
        this.rates = along(dilations, axis -> axis);
        this.strides = along(RawOps.numbers(op, "strides"), axis -> axis);
        this.padding = op.attribute("padding", String.class).orElseThrow();
        this.explicitPaddings = RawOps.numbers(op, "explicit_paddings");
    }

    /** Whether the window of a convolution, or of a gradient op of one, has gaps. */
    static boolean is(OpGradient op) {
        return Arrays.stream(RawOps.numbers(op, "dilations")).anyMatch(rate -> rate > 1);
    }

    /**
     * The gradient of the image.
     *
     * @param type the op that makes it
     * @param image has the shape of the image
     */
    <T extends TType> Operand<T> toImage(String type, Operand<T> image, Operand<T> kernel, Operand<T> dy) {
        Plan plan = plan(image, kernel);
        int parts = Arrays.stream(rates).reduce(1, Math::multiplyExact);
        Operand<TInt32> shape = shape(image, parts, plan.part());
        Operand<T> y = split(spread(dy, plan), plan.rest());
        Operand<T> whole =
                tf.batchToSpaceNd(gapless(type, shape, kernel, y), Tensors.constant(tf, rates), plan.margins());
        return channelsFirst ? channelsFirst(whole) : whole;
    }

    /**
     * The gradient of the kernel.
     *
     * @param type the op that makes it
     * @param kernel has the shape of the kernel
     */
    <T extends TType> Operand<T> toKernel(String type, Operand<T> image, Operand<T> kernel, Operand<T> dy) {
        Plan plan = plan(image, kernel);
        Operand<T> x = split(channelsLast(image), plan.margins());
        return gapless(type, x, Shapes.of(tf, kernel), split(spread(dy, plan), plan.rest()));
    }

    /**
     * How an image is split.
     *
     * @param margins zeros around the image: its padding, and what makes it a multiple of the rates
     * @param rest what of the output comes from making it a multiple
     * @param part the size of each part of the image
     * @param output the size that the output would have with strides of 1
     */
    private record Plan(Operand<TInt32> margins, Operand<TInt32> rest, Sizes part, Sizes output) {}

    private Plan plan(Operand<?> image, Operand<?> kernel) {
        Sizes rate = Sizes.of(tf, rates);
        Sizes none = Sizes.of(tf, new int[rates.length]);
        Sizes size = Sizes.of(tf, image, axes);
        int[] windowAxes = IntStream.range(0, rates.length).toArray();
        Sizes reach = Sizes.of(tf, kernel, windowAxes).minus(1).times(rate);
        Sizes before = none;
        Sizes after = none;
        if (padding.equals("SAME")) {
            Sizes step = Sizes.of(tf, strides);
            Sizes last = size.minus(1).over(step).times(step);
            Sizes needed = last.plus(reach).plus(1).minus(size).atLeast(0);
            before = needed.over(2);
            after = needed.minus(before);
        } else if (padding.equals("EXPLICIT")) {
            before = Sizes.of(tf, along(explicitPaddings, axis -> 2 * axis));
            after = Sizes.of(tf, along(explicitPaddings, axis -> 2 * axis + 1));
        }
        Sizes padded = size.plus(before).plus(after);
        Sizes added = none.minus(padded).modulo(rate);
        return new Plan(
                before.beside(after.plus(added)),
                none.beside(added),
                padded.plus(added).over(rate),
                padded.minus(reach));
    }

    private <T extends TType> Operand<T> split(Operand<T> whole, Operand<TInt32> paddings) {
        return tf.spaceToBatchNd(whole, Tensors.constant(tf, rates), paddings);
    }

    private <T extends TType> Operand<T> gapless(String type, Operand<?>... inputs) {
        long[] ones = new long[rates.length + 2];
        Arrays.fill(ones, 1);
        return RawOps.builder(tf, type, inputs)
                .setAttr("strides", ones)
                .setAttr("padding", "VALID")
                .build()
                .output(0);
    }

    /** The gradient of the output that strides of 1 would give: zero where the window does not stop. */
    private <T extends TType> Operand<T> spread(Operand<T> dy, Plan plan) {
        Operand<T> y = channelsLast(dy);
        if (Arrays.stream(strides).allMatch(step -> step == 1)) {
            return y;
        }
        int[] steps = new int[strides.length + 2];
        Arrays.fill(steps, 1);
        System.arraycopy(strides, 0, steps, 1, strides.length);
        Operand<TInt32> ends = tf.constant(new int[steps.length]);
        long all = (1L << steps.length) - 1;
        return RawOps.builder(tf, "StridedSliceGrad", shape(dy, 1, plan.output()), ends, ends, tf.constant(steps), y)
                .setAttr("begin_mask", all)
                .setAttr("end_mask", all)
                .build()
                .output(0);
    }

    /** A shape with the channels last, its channels and, but for a factor, its batch those of an operand. */
    private Operand<TInt32> shape(Operand<?> like, int factor, Sizes inner) {
        int channels = channelsFirst ? 1 : rates.length + 1;
        return Sizes.of(tf, like, 0)
                .times(Sizes.of(tf, new int[] {factor}))
                .then(inner)
                .then(Sizes.of(tf, like, channels))
                .operand();
    }

    private <T extends TType> Operand<T> channelsLast(Operand<T> x) {
        int last = rates.length + 1;
        return channelsFirst ? reordered(x, axis -> axis == 0 ? 0 : axis == last ? 1 : axis + 1) : x;
    }

    private <T extends TType> Operand<T> channelsFirst(Operand<T> x) {
        int last = rates.length + 1;
        return reordered(x, axis -> axis == 0 ? 0 : axis == 1 ? last : axis - 1);
    }

    private <T extends TType> Operand<T> reordered(Operand<T> x, IntUnaryOperator from) {
        return tf.linalg.transpose(
                x, tf.constant(IntStream.range(0, rates.length + 2).map(from).toArray()));
    }

    private int[] along(long[] numbers, IntUnaryOperator place) {
        return Arrays.stream(axes)
                .map(axis -> Math.toIntExact(numbers[place.applyAsInt(axis)]))
                .toArray();
    }
}
