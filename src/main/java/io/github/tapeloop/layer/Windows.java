package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;

/** What layers that move a window over images have in common. */
final class Windows {

    private Windows() {}

    static int requirePositive(String layer, String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(layer + " needs " + option + " of at least 1, got " + value);
        }
        return value;
    }

    /** The shape of an image batch with known channels. */
    static Shape requireImage(Layer layer, Operand<?> x) {
        Shape shape = Tensors.shape(x);
        if (shape.numDimensions() != 4 || shape.get(-1) == Shape.UNKNOWN_SIZE) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                    + layer.getClass().getSimpleName() + ") expects [batch, height, width, channels], got "
                    + Tensors.describe(x)
                    + (shape.numDimensions() == 3 ? ": add the channels with a Reshape(height, width, 1)" : ""));
        }
        return shape;
    }

    /** A size for height and width, and 1 for batch and channels. */
    static long[] overImage(int size) {
        return new long[] {1, size, size, 1};
    }
}
