package io.github.tapeloop.data;

import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.function.IntUnaryOperator;
import org.tensorflow.ndarray.Shape;

/**
 * One column that lies in memory. The arrays are the caller's, not copies.
 *
 * @param column what it holds
 * @param rows how many examples
 * @param writer appends one row to a heap buffer of the column's dtype
 */
record ColumnData(Column column, int rows, RowWriter writer) {

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

    static ColumnData floats(String name, float[][] rows) {
        int width = commonWidth(name, rows, row -> rows[row].length);
        return new ColumnData(
                new Column(name, Dtype.FLOAT32, Shape.of(width)), rows.length, (row, out) -> ((FloatBuffer) out)
                        .put(rows[row], 0, width));
    }

    static ColumnData floats(String name, float[] values, Shape exampleShape) {
        Column column = new Column(name, Dtype.FLOAT32, exampleShape);
        int width = column.width();
        if (values.length % width != 0) {
            throw new IllegalArgumentException(name + " has " + values.length + " values, which is not a multiple of "
                    + width + ", the size of the example shape " + exampleShape);
        }
        return new ColumnData(
                column, values.length / width, (row, out) -> ((FloatBuffer) out).put(values, row * width, width));
    }

    static ColumnData doubles(String name, double[][] rows) {
        int width = commonWidth(name, rows, row -> rows[row].length);
        return new ColumnData(
                new Column(name, Dtype.FLOAT64, Shape.of(width)), rows.length, (row, out) -> ((DoubleBuffer) out)
                        .put(rows[row], 0, width));
    }

    static ColumnData ints(String name, int[] values) {
        return new ColumnData(
                new Column(name, Dtype.INT32, Shape.scalar()), values.length, (row, out) -> ((IntBuffer) out)
                        .put(values[row]));
    }

    /** Unsigned bytes that become float32 in [0, 1]. */
    static ColumnData pixels(String name, byte[] pixels, Shape exampleShape) {
        Column column = new Column(name, Dtype.FLOAT32, exampleShape);
        int width = column.width();
        return new ColumnData(
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

    private static int commonWidth(String name, Object[] rows, IntUnaryOperator width) {
        if (rows.length == 0) {
            throw new IllegalArgumentException(name + " has no rows; a dataset needs at least one example");
        }
        for (int row = 0; row < rows.length; row++) {
            if (rows[row] == null) {
                throw new IllegalArgumentException(name + "[" + row + "] is null; every row needs its values");
            }
        }
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
