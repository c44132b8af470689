package io.github.tapeloop.data;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.tensorflow.ndarray.Shape;

/**
 * The description of what one column of a dataset holds for each example.
 *
 * @param name unique among the columns of its role
 * @param role what it is for
 * @param dtype the type of its elements
 * @param shape the shape of one example, without the batch dimension: fully known, or [-1] or [-1, …] if each example has a
 *     length of its own, in elements or in steps of the other dimensions
 */
record Column(String name, Role role, Dtype dtype, Shape shape) {

    static final String INPUT = "input";
    static final String TARGET = "target";
    static final String WEIGHT = "sample_weight";

    Column {
        boolean ofOpenLength = shape.numDimensions() > 0
                && shape.get(0) == Shape.UNKNOWN_SIZE
                && !shape.tail().hasUnknownDimension()
                && shape.tail().size() > 0;
        if (!ofOpenLength && (shape.isUnknown() || shape.hasUnknownDimension())) {
            throw new IllegalArgumentException("column \"" + name
                    + "\" needs a fully known example shape, or one that is open in its first dimension only, such as [-1], but got "
                    + shape);
        }
        if (!ofOpenLength && (shape.size() < 1 || shape.size() > Integer.MAX_VALUE)) {
            throw new IllegalArgumentException("column \"" + name + "\" needs 1 to " + Integer.MAX_VALUE
                    + " elements per example, but the shape " + shape + " has " + shape.size());
        }
    }

    static Column input(Dtype dtype, Shape shape) {
        return new Column(INPUT, Role.INPUT, dtype, shape);
    }

    static Column target(Dtype dtype, Shape shape) {
        return new Column(TARGET, Role.TARGET, dtype, shape);
    }

    static Column sampleWeight() {
        return new Column(WEIGHT, Role.WEIGHT, Dtype.FLOAT32, Shape.scalar());
    }

    static void requireDistinct(List<Column> columns) {
        Set<String> names = new HashSet<>();
        for (Column column : columns) {
            if (!names.add(column.role() + " " + column.name())) {
                throw new IllegalArgumentException("two " + column.role().name().toLowerCase(Locale.ROOT)
                        + "s are named \"" + column.name() + "\"; give one of them another name");
            }
        }
    }

    /** Whether examples differ in length. */
    boolean isOpen() {
        return shape.hasUnknownDimension();
    }

    /** Elements of one step of an open column. */
    int step() {
        return (int) shape.tail().size();
    }

    /** Fails unless so many elements are whole steps. */
    void requireSteps(int elements) {
        if (elements % step() != 0) {
            throw new DataException("an example of " + this + " has " + elements
                    + " values, which are no whole steps of " + step() + "; correct the source of this column");
        }
    }

    /** Elements per example of a column that is not open. */
    int width() {
        return (int) shape.size();
    }

    @Override
    public String toString() {
        return name + " " + dtype.name().toLowerCase(Locale.ROOT) + " " + shape;
    }
}
