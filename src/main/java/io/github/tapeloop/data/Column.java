package io.github.tapeloop.data;

import java.util.Locale;
import org.tensorflow.ndarray.Shape;

/**
 * What one column of a dataset holds for each example.
 *
 * @param name unique in its dataset
 * @param dtype the type of its elements
 * @param shape the shape of one example, without the batch dimension, fully known
 */
record Column(String name, Dtype dtype, Shape shape) {

    static final String INPUT = "input";
    static final String TARGET = "target";

    Column {
        if (shape.isUnknown() || shape.hasUnknownDimension()) {
            throw new IllegalArgumentException(
                    "column \"" + name + "\" needs a fully known example shape, but got " + shape);
        }
        if (shape.size() < 1 || shape.size() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("column \"" + name + "\" needs 1 to " + Integer.MAX_VALUE
                    + " elements per example, but the shape " + shape + " has " + shape.size());
        }
    }

    /** Elements per example. */
    int width() {
        return (int) shape.size();
    }

    @Override
    public String toString() {
        return name + " " + dtype.name().toLowerCase(Locale.ROOT) + " " + shape;
    }
}
