package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

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

    private static boolean isShape(Output<?> numbers) {
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
        return atLeast(tf, image, tf.math.add(taken(tf, kernel, places), tf.constant(least)));
    }

    private static boolean isOpen(SessionEnvironment environment, Output<?> x) {
        Shape shape = Tensors.shape(x);
        return !environment.isEager()
                && !shape.isUnknown()
                && IntStream.range(1, shape.numDimensions()).anyMatch(i -> shape.get(i) < 0);
    }

    /** TensorFlow cannot reshape to more elements than there are. */
    private static Output<?> atLeast(Ops tf, Output<?> x, Operand<TInt32> least) {
        Operand<TInt32> sizes = tf.math.maximum(tf.shape(x), least);
        return tf.scope()
                .opBuilder("Reshape", "PlacesOfTheWindow")
                .addInput(x)
                .addInput(sizes.asOutput())
                .build()
                .output(0);
    }

    private static Operand<TInt32> shape(Ops tf, Output<?> kernel) {
        return Tensors.shape(kernel).hasUnknownDimension()
                ? tf.shape(kernel)
                : tf.constant(ints(Tensors.shape(kernel).asArray()));
    }

    private static Operand<TInt32> taken(Ops tf, Output<?> kernel, Places places) {
        Operand<TInt32> window = tf.gather(shape(tf, kernel), tf.constant(places.window()), tf.constant(0));
        return tf.math.mul(window, tf.constant(ints(places.taken())));
    }

    /**
     * How the places of a window follow from sizes: (size + added - taken · window) / step, along each dimension of the image.
     *
     * @param window for each dimension of the image the dimension of the kernel that moves over it
     */
    record Places(long[] steps, long[] added, long[] taken, int[] window, int channel) {}

    /**
     * The gradient of a convolution, in a graph where the sizes of the image are fed: it is refused unless it has the shape
     * that they lead to.
     */
    static Output<?> fitting(SessionEnvironment environment, OpCall call, Places places) {
        Ops tf = Ops.create(environment);
        Output<?> kernel = call.input(1);
        int last = Tensors.rank(kernel) - 1;
        Operand<TInt32> shape = shape(tf, kernel);
        Operand<TInt32> filters = tf.gather(shape, tf.constant(last), tf.constant(0));
        if (call.type().startsWith("Depthwise")) {
            filters = tf.math.mul(filters, tf.gather(shape, tf.constant(last - 1), tf.constant(0)));
        }
        int[] isChannel = new int[places.steps().length];
        isChannel[places.channel()] = 1;
        int[] isOther = Arrays.stream(isChannel).map(one -> 1 - one).toArray();
        Operand<TNumber> given = FatalCalls.operand(call, 0);
        Operand<TInt32> sizes = tf.math.add(Tensors.cast(tf, given, TInt32.class), tf.constant(ints(places.added())));
        Operand<TInt32> found =
                tf.math.floorDiv(tf.math.sub(sizes, taken(tf, kernel, places)), tf.constant(ints(places.steps())));
        Operand<TInt32> expected =
                tf.math.add(tf.math.mul(found, tf.constant(isOther)), tf.math.mul(filters, tf.constant(isChannel)));
        return tf.scope()
                .opBuilder("BroadcastTo", "PlacesOfTheWindow")
                .addInput(call.input(2))
                .addInput(expected.asOutput())
                .build()
                .output(0);
    }

    private static int[] ints(long[] numbers) {
        return Arrays.stream(numbers).mapToInt(Math::toIntExact).toArray();
    }
}
