package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;

/**
 * Sizes of windows and images that turn out when a graph runs, where no table looks: kernels take them on trust, and die of
 * those that do not fit. What cannot be looked at before goes through ops that refuse it.
 */
final class WindowSizes {

    private WindowSizes() {}

    /** A shape given as numbers: those, or, in a graph, the shape of the operand that they are asked of; else unknown. */
    static Shape given(Output<?> numbers) {
        long[] sizes = WholeNumbers.of(numbers);
        if (sizes != null) {
            return Arrays.stream(sizes).anyMatch(size -> size < 0) ? Shape.unknown() : Shape.of(sizes);
        }
        return isShape(numbers) ? Tensors.shape(((GraphOperation) numbers.op()).input(0)) : Shape.unknown();
    }

    /** Whether sizes are those of an operand, in a graph. */
    static boolean isShape(Output<?> numbers) {
        return numbers.op() instanceof GraphOperation operation
                && operation.type().equals("Shape");
    }

    /** Whether it turns out only when a graph runs what sizes are given, and they are not those of an operand there. */
    static boolean areFed(Output<?> numbers) {
        return numbers.op() instanceof GraphOperation && WholeNumbers.of(numbers) == null && !isShape(numbers);
    }

    /** What is wrong with sizes that nothing can be held against. */
    static String fed(OpCall call, int input) {
        return areFed(call.input(input))
                ? "in a traced function its input " + input
                        + " must be a constant, or the shape of an operand: tf.shape(x)"
                : null;
    }

    /**
     * In a graph, an operand of which other dimensions than the first are not known: it is refused if there is nothing along
     * them, of which kernels that go back die.
     */
    static Output<?> placed(SessionEnvironment environment, Output<?> x) {
        if (!isOpen(environment, x)) {
            return x;
        }
        int[] least = new int[Tensors.rank(x)];
        Arrays.fill(least, 1);
        least[0] = 0;
        return atLeast(Ops.create(environment), x, Ops.create(environment).constant(least));
    }

    /** The image of a convolution, in a graph where it may turn out to be too small for the window: it is refused then. */
    static Output<?> placed(SessionEnvironment environment, Output<?> image, Output<?> kernel, Places places) {
        if (!isOpen(environment, image)) {
            return image;
        }
        Ops tf = Ops.create(environment);
        int[] least = new int[places.steps().length];
        for (int i = 0; i < least.length; i++) {
            least[i] = i == 0 ? 0 : Math.toIntExact(places.steps()[i] - places.added()[i]);
        }
        return atLeast(tf, image, tf.math.add(taken(tf, shape(tf, kernel), places), tf.constant(least)));
    }

    private static boolean isOpen(SessionEnvironment environment, Output<?> x) {
        Shape shape = Tensors.shape(x);
        return !environment.isEager()
                && !shape.isUnknown()
                && IntStream.range(1, shape.numDimensions()).anyMatch(i -> shape.get(i) < 0);
    }

    private static Output<?> atLeast(Ops tf, Output<?> x, Operand<TInt32> least) {
        return provided(
                tf,
                x,
                tf.math.greaterEqual(tf.shape(x), least),
                "the image has no place for the window, or the gradient none at all");
    }

    private static Operand<TInt32> shape(Ops tf, Output<?> x) {
        return Tensors.shape(x).hasUnknownDimension()
                ? tf.shape(x)
                : tf.constant(ints(Tensors.shape(x).asArray()));
    }

    private static Operand<TInt32> taken(Ops tf, Operand<TInt32> kernel, Places places) {
        Operand<TInt32> window = tf.gather(kernel, tf.constant(places.window()), tf.constant(0));
        return tf.math.mul(window, tf.constant(ints(places.taken())));
    }

    /**
     * How the places of a window follow from sizes: (size + added - taken · window) / step, along each dimension of the image.
     *
     * @param window for each dimension of the image the dimension of the kernel that moves over it
     */
    record Places(long[] steps, long[] added, long[] taken, int[] window, int channel) {}

    /** Whether sizes turn out when a graph runs, other than how many examples there are, at which kernels look. */
    private static boolean isOpen(Shape sizes, int from) {
        return IntStream.range(from, Math.max(from, sizes.numDimensions())).anyMatch(i -> sizes.get(i) < 0);
    }

    /**
     * The gradient of a convolution with respect to the image, in a graph where sizes of the image, or those of the kernel, turn
     * out when it runs: it is refused unless it has the shape that they lead to.
     */
    static Output<?> fittingImage(SessionEnvironment environment, OpCall call, Places places) {
        Shape image = given(call.input(0));
        boolean isOpen = areFed(call.input(0))
                || isOpen(image, 1)
                || isOpen(Tensors.shape(call.input(1)), 0)
                || isOpen(Tensors.shape(call.input(2)), 1);
        if (!isOpen) {
            return call.input(2);
        }
        Ops tf = Ops.create(environment);
        Operand<TInt32> sizes = Tensors.cast(tf, FatalCalls.operand(call, 0), TInt32.class);
        return fitting(tf, call, sizes, shape(tf, call.input(1)), places);
    }

    /** The same of the gradient with respect to the kernel. */
    static Output<?> fittingKernel(SessionEnvironment environment, OpCall call, Places places) {
        boolean isOpen = isOpen(Tensors.shape(call.input(0)), 1)
                || isOpen(given(call.input(1)), 0)
                || isOpen(Tensors.shape(call.input(2)), 1);
        if (!isOpen) {
            return call.input(2);
        }
        Ops tf = Ops.create(environment);
        Operand<TInt32> kernel = Tensors.cast(tf, FatalCalls.operand(call, 1), TInt32.class);
        return fitting(tf, call, shape(tf, call.input(0)), kernel, places);
    }

    private static Output<?> fitting(
            Ops tf, OpCall call, Operand<TInt32> image, Operand<TInt32> kernel, Places places) {
        int last = places.steps().length - 1;
        Operand<TInt32> filters = tf.gather(kernel, tf.constant(last), tf.constant(0));
        if (call.type().startsWith("Depthwise")) {
            filters = tf.math.mul(filters, tf.gather(kernel, tf.constant(last - 1), tf.constant(0)));
        }
        int[] isChannel = new int[last + 1];
        isChannel[places.channel()] = 1;
        int[] isOther = Arrays.stream(isChannel).map(one -> 1 - one).toArray();
        Operand<TInt32> sizes = tf.math.add(image, tf.constant(ints(places.added())));
        Operand<TInt32> found =
                tf.math.floorDiv(tf.math.sub(sizes, taken(tf, kernel, places)), tf.constant(ints(places.steps())));
        Operand<TInt32> expected =
                tf.math.add(tf.math.mul(found, tf.constant(isOther)), tf.math.mul(filters, tf.constant(isChannel)));
        return ofShape(tf, call.input(2), expected);
    }

    /** The gradient of an average pool, in a graph where sizes of the image turn out when it runs. */
    static Output<?> fittingPool(SessionEnvironment environment, OpCall call, Places places) {
        if (environment.isEager() || !isOpen(given(call.input(0)), 1) && !isOpen(Tensors.shape(call.input(1)), 1)) {
            return call.input(1);
        }
        Ops tf = Ops.create(environment);
        Operand<TInt32> image = Tensors.cast(tf, FatalCalls.operand(call, 0), TInt32.class);
        Operand<TInt32> sizes = tf.math.add(image, tf.constant(ints(places.added())));
        return ofShape(tf, call.input(1), tf.math.floorDiv(sizes, tf.constant(ints(places.steps()))));
    }

    private static Output<?> ofShape(Ops tf, Output<?> x, Operand<TInt32> expected) {
        return provided(
                tf,
                x,
                tf.math.equal(tf.shape(x), expected),
                "the gradient is not one of an image and a window of these sizes");
    }

    /** An operand that is refused, when the graph runs, unless something holds of each of its sizes. */
    static Output<?> provided(Ops tf, Output<?> x, Operand<TBool> holds, String otherwise) {
        Output<?> checked = tf.scope()
                .opBuilder("CheckNumerics", "SizesOfTheWindow")
                .addInput(tf.select(holds, tf.constant(0f), tf.constant(Float.NaN))
                        .asOutput())
                .setAttr("message", otherwise)
                .build()
                .output(0);
        Operand<TInt32> zeros = Tensors.cast(tf, FatalCalls.untyped(checked), TInt32.class);
        return tf.scope()
                .opBuilder("Reshape", "SizesOfTheWindow")
                .addInput(x)
                .addInput(tf.math.add(tf.shape(x), zeros).asOutput()) // So that it waits.
                .build()
                .output(0);
    }

    private static int[] ints(long[] numbers) {
        return Arrays.stream(numbers).mapToInt(Math::toIntExact).toArray();
    }
}
