package io.github.tapeloop.data;

import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import org.tensorflow.ndarray.Shape;

/**
 * One column that lies in memory. The arrays are the caller's, not copies.
 *
 * @param column what it holds
 * @param rows how many examples
 * @param writer appends one row to a heap buffer of the column's dtype
 * @param elements a row of an open column
 */
record MemoryColumn(Column column, int rows, RowWriter writer, IntFunction<Object> elements) {

    private static final float[] SCALED = new float[256];

    static {
        for (int pixel = 0; pixel < SCALED.length; pixel++) {
            SCALED[pixel] = pixel / 255f;
        }
    }

    @FunctionalInterface
    interface RowWriter {
        void write(int row, Buffer out);
    }

    MemoryColumn(Column column, int rows, RowWriter writer) {
        this(column, rows, writer, row -> {
            throw new IllegalStateException(column + " has a fixed width");
        });
    }

    static MemoryColumn of(String name, Role role, Dtype dtype, Object[] rows) {
        int width = commonWidth(name, rows, row -> dtype.length(rows[row]));
        return new MemoryColumn(
                new Column(name, role, dtype, Shape.of(width)),
                rows.length,
                (row, out) -> dtype.put(rows[row], 0, width, out));
    }

    /** Values one after the other in one array of the dtype. */
    static MemoryColumn of(String name, Role role, Dtype dtype, Object values, Shape exampleShape) {
        if (exampleShape.isUnknown() || exampleShape.hasUnknownDimension()) {
            throw new IllegalArgumentException(name + " needs a fully known example shape, but got " + exampleShape);
        }
        Column column = new Column(name, role, dtype, exampleShape);
        int width = column.width();
        int length = dtype.length(values);
        if (length % width != 0) {
            throw new IllegalArgumentException(name + " has " + length + " values, which is not a multiple of " + width
                    + ", the size of the example shape " + exampleShape);
        }
        return new MemoryColumn(column, length / width, (row, out) -> dtype.put(values, row * width, width, out));
    }

    /** Rows of any length each. */
    static MemoryColumn ragged(String name, Role role, Dtype dtype, Object[] rows) {
        requireRows(name, rows);
        Column column = new Column(name, role, dtype, Shape.of(Shape.UNKNOWN_SIZE));
        RowWriter writer = (row, out) -> dtype.put(rows[row], 0, dtype.length(rows[row]), out);
        return new MemoryColumn(column, rows.length, writer, row -> rows[row]);
    }

    /** Unsigned bytes that become float32 in [0, 1]. */
    static MemoryColumn pixels(byte[] pixels, Shape exampleShape) {
        Column column = Column.input(Dtype.FLOAT32, exampleShape);
        int width = column.width();
        return new MemoryColumn(
                column, pixels.length / width, (row, out) -> scale(pixels, row * width, width, (FloatBuffer) out));
    }

    private static void scale(byte[] pixels, int from, int count, FloatBuffer out) {
        float[] target = out.array();
        int at = out.arrayOffset() + out.position();
        for (int i = 0; i < count; i++) {
            target[at + i] = SCALED[pixels[from + i] & 0xff];
        }
        out.position(out.position() + count);
    }

    private static void requireRows(String name, Object[] rows) {
        if (rows.length == 0) {
            throw new IllegalArgumentException(name + " has no rows; a dataset needs at least one example");
        }
        for (int row = 0; row < rows.length; row++) {
            if (rows[row] == null) {
                throw new IllegalArgumentException(name + "[" + row + "] is null; every row needs its values");
            }
        }
    }

    private static int commonWidth(String name, Object[] rows, IntUnaryOperator width) {
        requireRows(name, rows);
        int expected = width.applyAsInt(0);
        if (expected == 0) {
            throw new IllegalArgumentException(name + "[0] has no values; a row needs at least one");
        }
        for (int row = 1; row < rows.length; row++) {
            int found = width.applyAsInt(row);
            if (found != expected) {
                throw new IllegalArgumentException(name + "[" + row + "] has " + found + " values but " + name
                        + "[0] has " + expected + "; all rows must have the same length");
            }
        }
        return expected;
    }
}
