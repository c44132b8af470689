package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpAttributes;
import io.github.tapeloop.op.OpCall;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * Convolutions that TensorFlow's kernels for CPUs get wrong. Where nothing is computed, because an image is too
 * small for the window or has no examples, they give results of a wrong shape (oneDNN), or gradients that nobody has written
 * (the others); those are empty here, or zeros. A window of one element that takes steps of several makes backward kernels
 * write past their memory (oneDNN), or disagree with the forward one about the element it stands on (Conv3D): here a slice
 * takes the steps. A window over one channel that has one place along the width, and would step over columns, reads rows at
 * the wrong distance and past the end of memory (Conv2D in float32): here it gets a second place, which is cut off. A window that
 * steps far beyond the image has wrong gradients, or ends the process (oneDNN): here it steps to the end of the image, which is
 * the same.
 */
final class WindowCalls {

    /** Steps of which all kernels are right, however small the image is. */
    private static final long LONG_STEP = 1 << 13;

    /** What nets step at most: nothing is looked for then. oneDNN takes seconds for a volume and a step of thousands. */
    private static final long USUAL_STEP = 16;

    private WindowCalls() {}

    /**
     * How a window moves over an image.
     *
     * @param axes the dimensions of the image that it moves over
     * @param channel the dimension of the channels
     * @param strides one for each dimension of the image, as all below
     * @param paddings what is added before and after each dimension if padding is EXPLICIT, else null
     */
    record Geometry(int[] axes, int channel, long[] strides, long[] dilations, boolean same, long[] paddings) {

        /** @return null if attributes are missing or are such as TensorFlow refuses */
        static Geometry of(OpCall call, int rank) {
            long[] strides = OpAttributes.numbers(call.attribute("strides"));
            long[] dilations = OpAttributes.numbers(call.attribute("dilations"));
            long[] paddings = OpAttributes.numbers(call.attribute("explicit_paddings"));
            Object padding = OpAttributes.as(String.class, call.attribute("padding"));
            Object format = OpAttributes.as(String.class, call.attribute("data_format"));
            boolean isExplicit = "EXPLICIT".equals(padding);
            if (dilations == null) {
                dilations = new long[rank];
                Arrays.fill(dilations, 1);
            }
            if (strides == null
                    || strides.length != rank
                    || dilations.length != rank
                    || isExplicit && (paddings == null || paddings.length != 2 * rank)
                    || IntStream.range(0, rank).anyMatch(i -> strides[i] < 1)
                    || Arrays.stream(dilations).anyMatch(dilation -> dilation < 1)) {
                return null;
            }
            int channel = format instanceof String text && text.startsWith("NC") ? 1 : rank - 1;
            int[] axes = IntStream.range(1, rank).filter(i -> i != channel).toArray();
            return new Geometry(
                    axes, channel, strides, dilations, "SAME".equals(padding), isExplicit ? paddings : null);
        }

        /** How many places a window has along an axis; negative if it does not fit, or if the size is not known. */
        long places(int axis, long size, long window) {
            if (size < 0) {
                return -1;
            }
            if (same) {
                return (size + strides[axis] - 1) / strides[axis];
            }
            long padded = paddings == null ? size : size + paddings[2 * axis] + paddings[2 * axis + 1];
            return Math.floorDiv(padded - (window - 1) * dilations[axis] - 1 + strides[axis], strides[axis]);
        }

        /** How long a step is that leaves no second place along an axis; 0 if the window does not fit, or sizes are not known. */
        long room(int axis, long size, long window) {
            if (size < 1 || window < 1) {
                return 0;
            }
            long padded = paddings == null ? size : size + paddings[2 * axis] + paddings[2 * axis + 1];
            return same || (window - 1) * dilations[axis] < padded ? padded : 0;
        }

        /** The same as {@link #places} for a window whose size turns out when a graph runs. */
        WindowSizes.Places ofWindow() {
            long[] added = Arrays.stream(strides).map(step -> step - 1).toArray();
            long[] taken = new long[strides.length];
            int[] window = new int[strides.length];
            for (int i = 0; i < axes.length && !same; i++) {
                int axis = axes[i];
                long around = paddings == null ? 0 : paddings[2 * axis] + paddings[2 * axis + 1];
                added[axis] += around + dilations[axis];
                taken[axis] = dilations[axis];
                window[axis] = i;
            }
            return new WindowSizes.Places(strides, added, taken, window, channel);
        }

        /** The same for a pool. */
        WindowSizes.Places ofPool(long[] window) {
            long[] added = new long[strides.length];
            for (int i = 0; i < added.length; i++) {
                added[i] = strides[i] - (same ? 1 : window[i]);
            }
            return new WindowSizes.Places(strides, added, new long[added.length], new int[added.length], channel);
        }

        /** Whether it makes a difference along an axis that the window has one element there. */
        boolean matters(int axis, boolean slices) {
            boolean isPadded = paddings != null && (paddings[2 * axis] != 0 || paddings[2 * axis + 1] != 0);
            return !isPadded && (dilations[axis] > 1 || slices && strides[axis] > 1);
        }
    }

    static Operation convolution(SessionEnvironment environment, OpCall asked) {
        OpCall given = withinImage(asked, Tensors.shape(asked.input(0)), Tensors.shape(asked.input(1)));
        Geometry geometry = Geometry.of(given, Tensors.rank(given.input(0)));
        Output<?>[] inputs = given.inputsCopied();
        if (geometry != null && Tensors.rank(inputs[1]) == Tensors.rank(inputs[0])) {
            inputs[0] = WindowSizes.placed(environment, inputs[0], inputs[1], geometry.ofWindow());
        }
        OpCall call = inputs[0] == given.input(0) ? given : given.withInputs(inputs);
        OpenWindows open = OpenWindows.of(
                environment,
                geometry,
                Tensors.shape(given.input(1)),
                given.type().equals("Conv3D"));
        call = open == null ? call : open.ofImages(call);
        Operation made = ofImages(environment, call);
        return made == null && call != asked ? environment.unguarded(call) : made;
    }

    /** Whether a window takes steps beyond a length. */
    private static boolean isBeyond(long length, long[] strides) {
        return strides != null && Arrays.stream(strides).anyMatch(step -> step > length);
    }

    /** The call, of which no step is longer than the image, as far as that is known. */
    private static OpCall withinImage(OpCall call, Shape image, Shape kernel) {
        if (!isBeyond(USUAL_STEP, OpAttributes.numbers(call.attribute("strides")))
                || image.isUnknown()
                || kernel.isUnknown()) {
            return call;
        }
        Geometry geometry = Geometry.of(call, image.numDimensions());
        if (geometry == null || kernel.numDimensions() != image.numDimensions()) {
            return call; // TensorFlow says so.
        }
        long[] strides = geometry.strides().clone();
        long most = 1;
        for (int i = 0; i < geometry.axes().length; i++) {
            int axis = geometry.axes()[i];
            long room = geometry.room(axis, image.get(axis), kernel.get(i));
            strides[axis] = room > 0 ? Math.min(strides[axis], room) : strides[axis];
            most = Math.max(most, strides[axis]);
        }
        if (call.type().startsWith("Depthwise")) { // They take steps of one length only.
            for (int axis : geometry.axes()) {
                strides[axis] = most;
            }
        }
        return Arrays.equals(strides, geometry.strides()) ? call : call.with("strides", strides);
    }

    private static Operation ofImages(SessionEnvironment environment, OpCall call) {
        Shape image = Tensors.shape(call.input(0));
        Shape kernel = Tensors.shape(call.input(1));
        Geometry geometry = image.isUnknown() || kernel.isUnknown() ? null : Geometry.of(call, image.numDimensions());
        if (geometry == null) {
            return null;
        }
        Shape result = result(call, image, kernel, geometry);
        if (result != null && isEmpty(result)) {
            return zeros(environment, call.input(0), Ops.create(environment).constant(result.asArray()));
        }
        long[] window = Arrays.copyOf(kernel.asArray(), geometry.axes().length);
        boolean slices = call.type().equals("Conv3D");
        boolean[] narrow = narrow(call, geometry, window, slices);
        OpCall level = narrow == null ? call : level(call, geometry, narrow, slices);
        if (isOneColumn(call, image, kernel, geometry)) {
            return withAnotherColumn(environment, level, geometry);
        }
        if (narrow == null) {
            return null;
        }
        return slices && steps(geometry, narrow)
                ? FatalCalls.replaced(environment, level, 0, slice(environment, geometry, narrow, call.input(0)))
                : environment.unguarded(level);
    }

    /** Whether there may be one place along the width, with steps above 1, over groups of one channel. */
    private static boolean isOneColumn(OpCall call, Shape image, Shape kernel, Geometry geometry) {
        DataType type = call.input(0).dataType();
        int width = geometry.axes()[geometry.axes().length - 1];
        long places = geometry.places(width, image.get(width), kernel.get(1));
        return call.type().equals("Conv2D")
                && (type == DataType.DT_FLOAT || type == DataType.DT_BFLOAT16)
                && kernel.get(2) == 1
                && geometry.strides()[width] > 1
                && (places == 1 || image.get(width) < 0);
    }

    /** The call over an image with as many zeros more at its right as the window steps, and one place less of the result. */
    private static Operation withAnotherColumn(SessionEnvironment environment, OpCall call, Geometry geometry) {
        Ops tf = Ops.create(environment);
        int width = geometry.axes()[geometry.axes().length - 1];
        int[][] zeros = new int[geometry.strides().length][2];
        zeros[width][1] = Math.toIntExact(geometry.strides()[width]);
        Operand<?> wider = tf.scope()
                .opBuilder("Pad", "Wider")
                .addInput(call.input(0))
                .addInput(tf.constant(zeros).asOutput())
                .build()
                .output(0);
        Output<?> result = FatalCalls.replaced(environment, call, 0, wider).output(0);
        int[] ends = new int[zeros.length];
        int[] steps = new int[zeros.length];
        Arrays.fill(steps, 1);
        ends[width] = -1;
        return tf.scope()
                .opBuilder("StridedSlice", "Narrower")
                .addInput(result)
                .addInput(tf.constant(new int[zeros.length]).asOutput())
                .addInput(tf.constant(ends).asOutput())
                .addInput(tf.constant(steps).asOutput())
                .setAttr("begin_mask", (1L << zeros.length) - 1)
                .setAttr("end_mask", (1L << zeros.length) - 1 - (1L << width))
                .build();
    }

    /** What is wrong with a convolution or one of its gradient ops: kernels of oneDNN die of shapes that do not fit. */
    static String misfit(OpCall call) {
        boolean toImage = call.type().contains("BackpropInput");
        boolean toKernel = call.type().contains("BackpropFilter");
        if (toKernel && WindowSizes.fed(call, 1) != null) {
            return WindowSizes.fed(call, 1);
        }
        if ((toImage || toKernel) && otherCount(call, toImage ? 0 : 1)) {
            return "it needs " + Tensors.rank(call.input(2)) + " sizes";
        }
        if ((toImage || toKernel) && isSpread(call)) {
            return "TensorFlow has no kernel of it for dilations; the gradient of DepthwiseConv2dNative goes another way";
        }
        int rank = call.type().startsWith("Conv3D") ? 5 : 4;
        Geometry geometry = Geometry.of(call, rank);
        if (geometry == null) {
            return "its strides, dilations and paddings do not fit images of " + rank + " dimensions";
        }
        Shape image = toImage ? shape(call, 0) : Tensors.shape(call.input(0));
        Shape kernel = toKernel ? shape(call, 1) : Tensors.shape(call.input(1));
        if ((toImage || toKernel) && isBeyond(LONG_STEP, geometry.strides()) && hasOpenAxis(image, geometry)) {
            return "steps of more than " + LONG_STEP + " need an image whose size is known when the function is traced:"
                    + " TensorFlow's gradient kernels die of some that are longer than the image";
        }
        if (image.isUnknown() || kernel.isUnknown()) {
            return null;
        }
        boolean deep = call.type().startsWith("Depthwise");
        long channels = image.get(geometry.channel());
        long taken = kernel.get(kernel.numDimensions() - 2);
        if (channels > 0 && taken > 0 && (deep ? channels != taken : channels % taken != 0)) {
            return "its kernel takes " + taken + " channels, and the image has " + channels;
        }
        return toImage || toKernel ? wrongGradient(call, image, kernel, geometry) : null;
    }

    private static boolean hasOpenAxis(Shape image, Geometry geometry) {
        return image.isUnknown() || Arrays.stream(geometry.axes()).anyMatch(axis -> image.get(axis) < 0);
    }

    /** Whether there are more or fewer sizes than dimensions. */
    private static boolean otherCount(OpCall call, int input) {
        Shape sizes = Tensors.shape(call.input(input));
        int rank = Tensors.rank(call.input(2));
        return sizes.numDimensions() == 1 && sizes.get(0) >= 0 && rank >= 0 && sizes.get(0) != rank;
    }

    /** Whether a depthwise window has gaps, along which it has several elements as far as is known. */
    private static boolean isSpread(OpCall call) {
        long[] dilations = OpAttributes.numbers(call.attribute("dilations"));
        if (!call.type().startsWith("Depthwise") || dilations == null) {
            return false;
        }
        Shape kernel = call.type().contains("BackpropFilter") ? shape(call, 1) : Tensors.shape(call.input(1));
        boolean single = kernel.numDimensions() > 1 && kernel.get(0) == 1 && kernel.get(1) == 1;
        return !single && Arrays.stream(dilations).anyMatch(dilation -> dilation > 1);
    }

    /** A shape that is given in numbers; unknown if the numbers are, or are none of a whole shape. */
    private static Shape shape(OpCall call, int input) {
        Shape given = WindowSizes.given(call.input(input));
        return given.numDimensions() == Tensors.rank(call.input(2)) ? given : Shape.unknown();
    }

    private static String wrongGradient(OpCall call, Shape image, Shape kernel, Geometry geometry) {
        Shape dy = Tensors.shape(call.input(2));
        int last = kernel.numDimensions() - 1;
        long[] expected = image.asArray();
        for (int i = 0; i < geometry.axes().length; i++) {
            int axis = geometry.axes()[i];
            expected[axis] = kernel.get(i) < 1 ? -1 : geometry.places(axis, image.get(axis), kernel.get(i));
        }
        boolean deep = call.type().startsWith("Depthwise");
        expected[geometry.channel()] = kernel.get(last) < 0 || deep && kernel.get(last - 1) < 0
                ? -1
                : deep ? kernel.get(last) * kernel.get(last - 1) : kernel.get(last);
        for (int i = 0; i < expected.length && !dy.isUnknown(); i++) {
            if (expected[i] >= 0 && dy.get(i) >= 0 && expected[i] != dy.get(i)) {
                return "the gradient is not one of a convolution of an image " + image + " with a kernel " + kernel;
            }
        }
        return null;
    }

    /** The shape that a convolution has; null if it is not known, or the call is one that TensorFlow refuses. */
    private static Shape result(OpCall call, Shape image, Shape kernel, Geometry geometry) {
        int last = kernel.numDimensions() - 1;
        boolean deep = call.type().startsWith("Depthwise");
        long channels = image.get(geometry.channel());
        if (channels < 1
                || kernel.get(last - 1) < 1
                || channels % kernel.get(last - 1) != 0
                || call.input(0).dataType() != call.input(1).dataType()) {
            return null;
        }
        long[] result = image.asArray();
        result[geometry.channel()] = deep ? channels * kernel.get(last) : kernel.get(last);
        for (int i = 0; i < geometry.axes().length; i++) {
            int axis = geometry.axes()[i];
            result[axis] = kernel.get(i) < 1 ? -1 : geometry.places(axis, image.get(axis), kernel.get(i));
        }
        return Arrays.stream(result).allMatch(size -> size >= 0) ? Shape.of(result) : null;
    }

    /** The gradient of a convolution with respect to its image: sizes of the image, kernel, gradient of the result. */
    static Operation toImage(SessionEnvironment environment, OpCall asked) {
        OpCall given = withinImage(asked, WindowSizes.given(asked.input(0)), Tensors.shape(asked.input(1)));
        OpCall call = fitted(environment, given);
        OpenWindows open = OpenWindows.of(
                environment, Geometry.of(given, Tensors.rank(given.input(1))), Tensors.shape(given.input(1)), true);
        if (open != null) {
            OpCall larger = open.toImage(call);
            Operation made = ofImage(environment, larger);
            return open.cut(call, 0, made == null ? environment.unguarded(larger) : made);
        }
        Operation made = ofImage(environment, call);
        return made == null && call != asked ? environment.unguarded(call) : made;
    }

    /** In a graph, with a gradient that is looked at when the graph runs, where its shape or that of the image is open. */
    private static OpCall fitted(SessionEnvironment environment, OpCall call) {
        if (environment.isEager()) {
            return call;
        }
        Geometry geometry = Geometry.of(call, Tensors.rank(call.input(1)));
        if (geometry == null) {
            return call; // TensorFlow says so.
        }
        Output<?>[] inputs = call.inputsCopied();
        inputs[2] = WindowSizes.placed(environment, WindowSizes.fittingImage(environment, call, geometry.ofWindow()));
        return inputs[2] == call.input(2) ? call : call.withInputs(inputs);
    }

    private static Operation ofImage(SessionEnvironment environment, OpCall call) {
        Shape kernel = Tensors.shape(call.input(1));
        Shape dy = Tensors.shape(call.input(2));
        Shape sizes = Tensors.shape(call.input(0));
        if (kernel.isUnknown() || dy.isUnknown() || sizes.hasUnknownDimension() || sizes.get(0) != dy.numDimensions()) {
            return null;
        }
        if (isEmpty(kernel) || isEmpty(dy)) {
            return zeros(environment, call.input(1), FatalCalls.operand(call, 0));
        }
        Geometry geometry = Geometry.of(call, dy.numDimensions());
        if (geometry == null) {
            return null;
        }
        long[] window = Arrays.copyOf(kernel.asArray(), geometry.axes().length);
        boolean[] narrow = narrow(call, geometry, window, true);
        if (narrow == null) {
            return null;
        }
        OpCall level = level(call, geometry, narrow, true);
        if (!steps(geometry, narrow)) {
            return environment.unguarded(level);
        }
        Ops tf = Ops.create(environment);
        Operand<TInt32> whole = Tensors.cast(tf, call.input(0), TInt32.class);
        Operand<TInt32> sliced = tf.select(tf.constant(narrow), tf.shape(call.input(2)), whole);
        Operation stepped = FatalCalls.replaced(environment, level, 0, Tensors.cast(tf, sliced, sizesType(call)));
        OperationBuilder back =
                tf.scope().opBuilder("StridedSliceGrad", "Steps").addInput(whole.asOutput());
        return ends(tf, geometry, narrow, back).addInput(stepped.output(0)).build();
    }

    private static Class<TNumber> sizesType(OpCall call) {
        return FatalCalls.operand(call, 0).type();
    }

    /** The gradient of a convolution with respect to its kernel: image, sizes of the kernel, gradient of the result. */
    static Operation toKernel(SessionEnvironment environment, OpCall asked) {
        OpCall given = withinImage(asked, Tensors.shape(asked.input(0)), WindowSizes.given(asked.input(1)));
        OpCall call = environment.isEager() ? given : fittedKernel(environment, given);
        OpenWindows open = OpenWindows.of(
                environment, Geometry.of(given, Tensors.rank(given.input(0))), WindowSizes.given(given.input(1)), true);
        if (open != null) {
            OpCall larger = open.toKernel(call);
            Operation made = ofKernel(environment, larger);
            return open.cut(call, 1, made == null ? environment.unguarded(larger) : made);
        }
        Operation made = ofKernel(environment, call);
        return made == null && call != asked ? environment.unguarded(call) : made;
    }

    private static OpCall fittedKernel(SessionEnvironment environment, OpCall call) {
        Geometry geometry = Geometry.of(call, Tensors.rank(call.input(0)));
        if (geometry == null) {
            return call; // TensorFlow says so.
        }
        Output<?>[] inputs = call.inputsCopied();
        inputs[0] = WindowSizes.placed(environment, inputs[0]);
        inputs[2] = WindowSizes.placed(environment, WindowSizes.fittingKernel(environment, call, geometry.ofWindow()));
        boolean same = inputs[0] == call.input(0) && inputs[2] == call.input(2);
        return same ? call : call.withInputs(inputs);
    }

    private static Operation ofKernel(SessionEnvironment environment, OpCall call) {
        Shape image = Tensors.shape(call.input(0));
        Shape dy = Tensors.shape(call.input(2));
        if (isEmpty(image) || isEmpty(dy)) {
            return zeros(environment, call.input(2), FatalCalls.operand(call, 1));
        }
        long[] sizes = WholeNumbers.of(call.input(1));
        Geometry geometry = sizes == null || image.isUnknown() ? null : Geometry.of(call, image.numDimensions());
        if (geometry == null || sizes.length != image.numDimensions()) {
            return null;
        }
        long[] window = Arrays.copyOf(sizes, geometry.axes().length);
        boolean[] narrow = narrow(call, geometry, window, true);
        if (narrow == null) {
            boolean deep = call.type().startsWith("Depthwise");
            return deep && dy.hasUnknownDimension() ? written(environment, call) : null;
        }
        OpCall level = level(call, geometry, narrow, true);
        return steps(geometry, narrow)
                ? FatalCalls.replaced(environment, level, 0, slice(environment, geometry, narrow, call.input(0)))
                : environment.unguarded(level);
    }

    /** In a graph it turns out late that there are no examples. */
    private static Operation written(SessionEnvironment environment, OpCall call) {
        Ops tf = Ops.create(environment);
        Output<TNumber> result = environment.unguarded(call).output(0);
        return tf.select(tf.math.equal(tf.size(call.input(2)), tf.constant(0)), tf.zerosLike(result), result)
                .op();
    }

    /**
     * The dimensions along which the window has one element, so that neither dilation nor, if a slice takes them, steps
     * matter; null if there are none where it makes a difference.
     */
    private static boolean[] narrow(OpCall call, Geometry geometry, long[] window, boolean slices) {
        if (call.type().startsWith("Depthwise") && Arrays.stream(window).anyMatch(size -> size != 1)) {
            return null; // Its steps and dilations must be the same both ways.
        }
        boolean[] narrow = new boolean[geometry.strides().length];
        boolean any = false;
        for (int i = 0; i < window.length; i++) {
            int axis = geometry.axes()[i];
            narrow[axis] = window[i] == 1 && geometry.matters(axis, slices);
            any |= narrow[axis];
        }
        return any ? narrow : null;
    }

    private static boolean steps(Geometry geometry, boolean[] narrow) {
        return IntStream.range(0, narrow.length).anyMatch(i -> narrow[i] && geometry.strides()[i] > 1);
    }

    /** The call without dilation along some dimensions, and without steps if a slice takes them. */
    private static OpCall level(OpCall call, Geometry geometry, boolean[] narrow, boolean slices) {
        long[] strides = geometry.strides().clone();
        long[] dilations = geometry.dilations().clone();
        for (int i = 0; i < narrow.length; i++) {
            dilations[i] = narrow[i] ? 1 : dilations[i];
            strides[i] = narrow[i] && slices ? 1 : strides[i];
        }
        return call.with("strides", strides).with("dilations", dilations);
    }

    private static Output<?> slice(
            SessionEnvironment environment, Geometry geometry, boolean[] narrow, Output<?> image) {
        Ops tf = Ops.create(environment);
        OperationBuilder builder = tf.scope().opBuilder("StridedSlice", "Steps").addInput(image);
        return ends(tf, geometry, narrow, builder).build().output(0);
    }

    /** Begin, end and steps of a slice from end to end. */
    private static OperationBuilder ends(Ops tf, Geometry geometry, boolean[] narrow, OperationBuilder builder) {
        int[] steps = new int[narrow.length];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = narrow[i] ? Math.toIntExact(geometry.strides()[i]) : 1;
        }
        Output<TInt32> zeros = tf.constant(new int[steps.length]).asOutput();
        long all = (1L << steps.length) - 1;
        return builder.addInput(zeros)
                .addInput(zeros)
                .addInput(tf.constant(steps).asOutput())
                .setAttr("begin_mask", all)
                .setAttr("end_mask", all);
    }

    static boolean isEmpty(Shape shape) {
        return !shape.isUnknown() && Arrays.stream(shape.asArray()).anyMatch(size -> size == 0);
    }

    static Operation zeros(SessionEnvironment environment, Output<?> like, Operand<? extends TNumber> shape) {
        Ops tf = Ops.create(environment);
        Operand<TNumber> zero = FatalCalls.untyped(
                like.dataType() == DataType.DT_FLOAT
                        ? tf.constant(0f)
                        : tf.dtypes.cast(
                                tf.constant(0f), FatalCalls.untyped(like).type()));
        return tf.fill(shape, zero).op();
    }
}
