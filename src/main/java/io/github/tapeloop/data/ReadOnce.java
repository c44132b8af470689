package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.util.List;

/** An example each of whose columns is read once, when somebody first asks for it. Thread-safe. */
final class ReadOnce implements Example {

    private final List<Column> columns;
    private final Object[] arrays;
    private Example example;

    ReadOnce(List<Column> columns, Example example) {
        this.columns = columns;
        this.example = example;
        this.arrays = new Object[columns.size()];
    }

    private synchronized Object array(int column) throws IOException {
        if (arrays[column] == null) {
            arrays[column] = example.toArray(column, columns.get(column));
        }
        return arrays[column];
    }

    @Override
    public void write(int column, Buffer out) throws IOException {
        columns.get(column).dtype().put(array(column), out);
    }

    @Override
    public Object elements(int column) throws IOException {
        return array(column);
    }

    @Override
    public Object toArray(int index, Column column) throws IOException {
        return array(index);
    }

    @Override
    public synchronized Example toHold() throws IOException {
        example = example.toHold();
        return this;
    }
}
