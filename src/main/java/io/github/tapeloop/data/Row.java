package io.github.tapeloop.data;

import java.io.IOException;
import java.util.List;
import java.util.Locale;

/**
 * One example, as the functions of {@code map} and {@code filter} see it: its columns by name. A column is read when it is
 * first asked for. Immutable; the arrays it gives are copies.
 */
public final class Row {

    private final List<Column> columns;
    private final Example example;
    /** What was read so far or replaced, guarded by this. */
    private final Object[] arrays;

    private final long number;
    private final long seed;

    private Row(List<Column> columns, Example example, Object[] arrays, long number, long seed) {
        this.columns = columns;
        this.example = example;
        this.arrays = arrays;
        this.number = number;
        this.seed = seed;
    }

    static Row of(List<Column> columns, Example example, long number, long seed) {
        return new Row(columns, example, new Object[columns.size()], number, seed);
    }

    /**
     * Returns where in this pass the example comes, after every stage before this one. In a part of a {@code split} it is where
     * the example comes in the whole.
     *
     * @return 0 for the first
     */
    public long number() {
        return number;
    }

    /**
     * Returns a seed for random changes of this example: the same for the same seed of the pass, epoch and number, and
     * another one otherwise, however many threads map.
     *
     * @return any number
     */
    public long seed() {
        return seed;
    }

    /**
     * Returns a float32 column.
     *
     * @param name of an input or a target, or {@code sample_weight}
     * @return its elements, row-major
     * @throws IllegalArgumentException for another name, or a column of another dtype
     */
    public float[] floats(String name) {
        return ((float[]) array(name, Dtype.FLOAT32)).clone();
    }

    /**
     * Returns a float64 column.
     *
     * @param name of an input or a target
     * @return its elements, row-major
     * @throws IllegalArgumentException for another name, or a column of another dtype
     */
    public double[] doubles(String name) {
        return ((double[]) array(name, Dtype.FLOAT64)).clone();
    }

    /**
     * Returns an int32 column.
     *
     * @param name of an input or a target
     * @return its elements, row-major
     * @throws IllegalArgumentException for another name, or a column of another dtype
     */
    public int[] integers(String name) {
        return ((int[]) array(name, Dtype.INT32)).clone();
    }

    /**
     * Returns an int64 column.
     *
     * @param name of an input or a target
     * @return its elements, row-major
     * @throws IllegalArgumentException for another name, or a column of another dtype
     */
    public long[] longIntegers(String name) {
        return ((long[]) array(name, Dtype.INT64)).clone();
    }

    /**
     * Returns this example with other values in a float32 column.
     *
     * @param name of an input or a target, or {@code sample_weight}
     * @param values as many as the column has
     * @return the changed example
     * @throws IllegalArgumentException for another name, dtype or number of values
     */
    public Row with(String name, float... values) {
        return replaced(name, Dtype.FLOAT32, values.clone());
    }

    /**
     * Returns this example with other values in a float64 column.
     *
     * @param name of an input or a target
     * @param values as many as the column has
     * @return the changed example
     * @throws IllegalArgumentException for another name, dtype or number of values
     */
    public Row with(String name, double... values) {
        return replaced(name, Dtype.FLOAT64, values.clone());
    }

    /**
     * Returns this example with other values in an int32 column.
     *
     * @param name of an input or a target
     * @param values as many as the column has
     * @return the changed example
     * @throws IllegalArgumentException for another name, dtype or number of values
     */
    public Row with(String name, int... values) {
        return replaced(name, Dtype.INT32, values.clone());
    }

    /**
     * Returns this example with other values in an int64 column.
     *
     * @param name of an input or a target
     * @param values as many as the column has
     * @return the changed example
     * @throws IllegalArgumentException for another name, dtype or number of values
     */
    public Row with(String name, long... values) {
        return replaced(name, Dtype.INT64, values.clone());
    }

    private Row replaced(String name, Dtype dtype, Object values) {
        int index = find(name, dtype);
        Column column = columns.get(index);
        if (!column.isOpen() && dtype.length(values) != column.width()) {
            throw new IllegalArgumentException(
                    "column " + column + " needs " + column.width() + " values, but got " + dtype.length(values));
        }
        Object[] changed;
        synchronized (this) {
            changed = arrays.clone();
        }
        changed[index] = values;
        return new Row(columns, example, changed, number, seed);
    }

    private Object array(String name, Dtype dtype) {
        try {
            return array(find(name, dtype));
        } catch (IOException e) {
            throw new DataException("column \"" + name + "\" of example " + number + " could not be read: " + e, e);
        }
    }

    private synchronized Object array(int index) throws IOException {
        if (arrays[index] == null) {
            arrays[index] = example.toArray(index, columns.get(index));
        }
        return arrays[index];
    }

    /** A column that was read already, or null. */
    synchronized Object known(int index) {
        return arrays[index];
    }

    private int find(String name, Dtype dtype) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).name().equals(name)) {
                if (columns.get(i).dtype() != dtype) {
                    throw new IllegalArgumentException("column " + columns.get(i) + " is not "
                            + dtype.name().toLowerCase(Locale.ROOT));
                }
                return i;
            }
        }
        throw new IllegalArgumentException("there is no column \"" + name + "\"; the columns are " + columns);
    }

    /** The same as an element of the pipeline with these columns. */
    HeldExample toExample(List<Column> expected) throws IOException {
        if (!columns.equals(expected)) {
            throw new IllegalArgumentException(
                    "expected a row with the columns " + expected + " but got one with " + columns);
        }
        Object[] all = new Object[columns.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = array(i);
        }
        return new HeldExample(columns, all);
    }

    /** Says which example it is, and names its columns; reads no value. */
    @Override
    public String toString() {
        return "Row " + number + columns;
    }
}
