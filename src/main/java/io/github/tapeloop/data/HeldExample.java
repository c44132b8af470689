package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.util.List;

/**
 * An example whose elements are on the heap.
 *
 * @param columns of its source
 * @param arrays of the columns, not to be changed
 */
record HeldExample(List<Column> columns, Object[] arrays) implements Example {

    /** Reads an example, if that has not happened yet. */
    static HeldExample of(List<Column> columns, Example example) throws IOException {
        if (example instanceof HeldExample held) {
            return held;
        }
        Object[] arrays = new Object[columns.size()];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = example.toArray(i, columns.get(i));
        }
        return new HeldExample(columns, arrays);
    }

    /** Makes the columns of an object. */
    static <T> HeldExample of(List<Column> columns, List<Fields.Bound<T>> fields, T record) {
        Object[] arrays = new Object[columns.size()];
        for (int i = 0; i < arrays.length; i++) {
            Column column = columns.get(i);
            Field<T> field = fields.get(i).field();
            if (column.isOpen()) {
                arrays[i] = field.elements(record);
            } else {
                Buffer buffer = column.dtype().allocate(column.width());
                field.write(record, buffer);
                arrays[i] = buffer.array();
            }
        }
        return new HeldExample(columns, arrays);
    }

    @Override
    public void write(int column, Buffer out) {
        columns.get(column).dtype().put(arrays[column], out);
    }

    @Override
    public Object elements(int column) {
        return arrays[column];
    }

    @Override
    public Object toArray(int index, Column column) {
        return arrays[index];
    }
}
