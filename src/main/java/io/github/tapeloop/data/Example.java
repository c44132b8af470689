package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;

/**
 * One element of the pipeline. It stays readable however far its cursor went on, also after that was closed, because a
 * shuffle buffer holds on to it. Different examples may be read by different threads at once.
 */
interface Example {

    /**
     * Appends exactly {@link Column#width()} elements of a column that is not open.
     *
     * @param column index into the columns of the source
     * @param out a heap buffer of the column's dtype, written at its position
     * @throws IOException when the elements have to be read and cannot be
     */
    void write(int column, Buffer out) throws IOException;

    /**
     * The elements of an open column.
     *
     * @param column index into the columns of the source
     * @return an array of the column's dtype, of any length, not to be changed
     * @throws IOException when the elements have to be read and cannot be
     */
    default Object elements(int column) throws IOException {
        throw new IllegalStateException("column " + column + " has a fixed width");
    }

    /** The same for one who holds many: what takes little memory. */
    default Example toHold() throws IOException {
        return this;
    }

    /** The elements of any column in an array of its dtype, not to be changed. */
    default Object toArray(int index, Column column) throws IOException {
        if (column.isOpen()) {
            return elements(index);
        }
        Buffer buffer = column.dtype().allocate(column.width());
        write(index, buffer);
        return buffer.array();
    }
}
