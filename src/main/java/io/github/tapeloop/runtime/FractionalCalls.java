package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Gradients of fractional pools, which write wherever the borders between the regions of the pool lead them. */
final class FractionalCalls {

    private FractionalCalls() {}

    /** Shape of the image, gradient, borders of rows and of columns. */
    static String average(OpCall call) {
        if (WindowSizes.fed(call, 0) != null) {
            return WindowSizes.fed(call, 0);
        }
        return misfit(call, WindowSizes.given(call.input(0)), 1, 2);
    }

    /** Image, result, gradient, borders of rows and of columns. */
    static String largest(OpCall call) {
        Shape result = Tensors.shape(call.input(1));
        if (!result.isCompatibleWith(Tensors.shape(call.input(2)))) {
            return "the gradient must have the shape of the result, " + result;
        }
        return misfit(call, Tensors.shape(call.input(0)), 2, 3);
    }

    private static String misfit(OpCall call, Shape image, int gradient, int borders) {
        Shape dy = Tensors.shape(call.input(gradient));
        boolean fits = image.isUnknown() || image.numDimensions() == 4;
        for (int axis : new int[] {0, 3}) {
            fits = fits && (image.isUnknown() || dy.isUnknown() || isSame(image.get(axis), dy.get(axis)));
        }
        if (!fits) {
            return "the gradient is not one of an image of the shape " + image;
        }
        for (int axis = 1; axis < 3; axis++) {
            Output<?> numbers = call.input(borders + axis - 1);
            long size = image.isUnknown() ? -1 : image.get(axis);
            if (!ascends(numbers, dy.isUnknown() ? -1 : dy.get(axis), size)) {
                return "its input " + (borders + axis - 1) + " must be the borders that the pool gave";
            }
        }
        return null;
    }

    private static boolean isSame(long a, long b) {
        return a < 0 || b < 0 || a == b;
    }

    private static boolean ascends(Output<?> borders, long places, long size) {
        long[] numbers = WholeNumbers.of(borders);
        if (numbers == null) {
            return true; // Put in order when the graph runs.
        }
        boolean right = places < 0 || numbers.length == places + 1;
        for (int i = 0; i < numbers.length; i++) {
            right &= numbers[i] >= (i == 0 ? 0 : numbers[i - 1]) && (size < 0 || numbers[i] <= size);
        }
        return right;
    }

    /**
     * In a graph, borders that are not known yet, or how many and how large they may be: in order and inside the image they do no
     * harm, whatever they are.
     */
    static Operation inOrder(SessionEnvironment environment, OpCall call) {
        boolean average = call.type().equals("FractionalAvgPoolGrad");
        int first = average ? 2 : 3;
        Ops tf = Ops.create(environment);
        Operand<TInt64> image =
                average ? Tensors.cast(tf, call.input(0), TInt64.class) : tf.shape(call.input(0), TInt64.class);
        Operand<TInt32> gradient = tf.shape(call.input(first - 1));
        Shape sizes = average ? WindowSizes.given(call.input(0)) : Tensors.shape(call.input(0));
        Shape places = Tensors.shape(call.input(first - 1));
        Output<?>[] inputs = null;
        for (int axis = 1; axis < 3; axis++) {
            int place = first + axis - 1;
            boolean isLookedAt =
                    WholeNumbers.of(call.input(place)) != null && isKnown(sizes, axis) && isKnown(places, axis);
            if (call.input(place).op() instanceof GraphOperation && !isLookedAt) {
                inputs = inputs == null ? call.inputsCopied() : inputs;
                Operand<TInt32> count = tf.math.add(element(tf, gradient, axis), tf.constant(1));
                inputs[place] = inOrder(tf, call.input(place), element(tf, image, axis), count)
                        .asOutput();
            }
        }
        return inputs == null ? null : environment.unguarded(call.withInputs(inputs));
    }

    private static boolean isKnown(Shape shape, int axis) {
        return !shape.isUnknown() && shape.get(axis) >= 0;
    }

    private static <T extends TNumber> Operand<T> element(Ops tf, Operand<T> vector, int place) {
        return tf.gather(vector, tf.constant(place), tf.constant(0));
    }

    @SuppressWarnings("unchecked") // Borders are int64.
    private static Operand<TInt64> inOrder(Ops tf, Output<?> borders, Operand<TInt64> size, Operand<TInt32> count) {
        Operand<TInt64> inside = tf.math.maximum(tf.math.minimum((Output<TInt64>) borders, size), tf.constant(0L));
        return tf.math.neg(tf.nn.topK(tf.math.neg(inside), count, TInt32.class).values());
    }
}
