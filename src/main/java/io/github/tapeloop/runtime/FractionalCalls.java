package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import org.tensorflow.GraphOperation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;

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
            return !(borders.op() instanceof GraphOperation operation)
                    || operation.type().startsWith("Fractional");
        }
        boolean right = places < 0 || numbers.length == places + 1;
        for (int i = 0; i < numbers.length; i++) {
            right &= numbers[i] >= (i == 0 ? 0 : numbers[i - 1]) && (size < 0 || numbers[i] <= size);
        }
        return right;
    }
}
