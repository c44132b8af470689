package io.github.tapeloop.data;

import java.util.Locale;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.Shape;

/**
 * The values of one column in memory, a row per example. The arrays are not copied: do not change them while a loop pulls
 * from a dataset made of them. Raggedness is reported when the column gets its name, by {@link Columns}.
 */
public final class ColumnData {

    @FunctionalInterface
    private interface Binding {
        MemoryColumn bind(String name, Role role);
    }

    private final Dtype dtype;
    private final Binding binding;

    private ColumnData(Dtype dtype, Binding binding) {
        this.dtype = dtype;
        this.binding = binding;
    }

    MemoryColumn bind(String name, Role role) {
        return binding.bind(name, role);
    }

    /**
     * Rows of equal length.
     *
     * @param rows float32 [values] per example
     * @return the values
     */
    public static ColumnData of(float[][] rows) {
        return new ColumnData(Dtype.FLOAT32, (name, role) -> MemoryColumn.of(name, role, Dtype.FLOAT32, rows));
    }

    /**
     * Rows of equal length.
     *
     * @param rows float64 [values] per example
     * @return the values
     */
    public static ColumnData of(double[][] rows) {
        return new ColumnData(Dtype.FLOAT64, (name, role) -> MemoryColumn.of(name, role, Dtype.FLOAT64, rows));
    }

    /**
     * Rows of equal length.
     *
     * @param rows int32 [values] per example
     * @return the values
     */
    public static ColumnData of(int[][] rows) {
        return new ColumnData(Dtype.INT32, (name, role) -> MemoryColumn.of(name, role, Dtype.INT32, rows));
    }

    /**
     * Rows of equal length.
     *
     * @param rows int64 [values] per example
     * @return the values
     */
    public static ColumnData of(long[][] rows) {
        return new ColumnData(Dtype.INT64, (name, role) -> MemoryColumn.of(name, role, Dtype.INT64, rows));
    }

    /**
     * One integer per example.
     *
     * @param values int32 [] per example
     * @return the values
     */
    public static ColumnData of(int[] values) {
        return new ColumnData(
                Dtype.INT32, (name, role) -> MemoryColumn.of(name, role, Dtype.INT32, values, Shape.scalar()));
    }

    /**
     * One integer per example.
     *
     * @param values int64 [] per example
     * @return the values
     */
    public static ColumnData of(long[] values) {
        return new ColumnData(
                Dtype.INT64, (name, role) -> MemoryColumn.of(name, role, Dtype.INT64, values, Shape.scalar()));
    }

    /**
     * Examples of any shape, one after the other in one array.
     *
     * @param values the elements of all examples, row-major
     * @param exampleShape the fully known shape of one example; it is float32
     * @return the values
     */
    public static ColumnData of(float[] values, Shape exampleShape) {
        return new ColumnData(
                Dtype.FLOAT32, (name, role) -> MemoryColumn.of(name, role, Dtype.FLOAT32, values, exampleShape));
    }

    /**
     * Rows that may differ in length, for {@link Dataset#padBatch(int)}.
     *
     * @param rows float32 [any length] per example
     * @return the values
     */
    public static ColumnData ragged(float[][] rows) {
        return new ColumnData(Dtype.FLOAT32, (name, role) -> MemoryColumn.ragged(name, role, Dtype.FLOAT32, rows));
    }

    /**
     * Rows that may differ in length, for {@link Dataset#padBatch(int)}.
     *
     * @param rows int32 [any length] per example, such as tokens
     * @return the values
     */
    public static ColumnData ragged(int[][] rows) {
        return new ColumnData(Dtype.INT32, (name, role) -> MemoryColumn.ragged(name, role, Dtype.INT32, rows));
    }

    /**
     * An array of TensorFlow Java, of float, double, int or long elements; a tensor in native memory is one too. It must
     * stay open as long as batches are pulled.
     *
     * @param array [examples, ...], of the dtype of its elements
     * @return the values
     * @throws IllegalArgumentException for a scalar, no examples, or elements of another type
     */
    public static ColumnData of(NdArray<?> array) {
        if (array.rank() == 0) {
            throw new IllegalArgumentException("the array is a scalar; its first dimension must be the examples");
        }
        long rows = array.shape().get(0);
        if (rows < 1 || rows > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("an array of the shape " + array.shape()
                    + " makes no column; it needs 1 to " + Integer.MAX_VALUE + " examples");
        }
        Dtype dtype = Dtype.of(array);
        Shape example = array.shape().tail();
        return new ColumnData(
                dtype,
                (name, role) -> new MemoryColumn(
                        new Column(name, role, dtype, example),
                        (int) rows,
                        (row, out) -> dtype.put(array.get(row), out)));
    }

    /** Names the type of its numbers. */
    @Override
    public String toString() {
        return "ColumnData[" + dtype.name().toLowerCase(Locale.ROOT) + "]";
    }
}
