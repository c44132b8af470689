package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;

/**
 * One element of the pipeline. It stays readable until its cursor is closed, however far the cursor went on, because a
 * shuffle buffer holds on to it.
 */
interface Example {

    /**
     * Appends exactly {@link Column#width()} elements of a column.
     *
     * @param column index into the columns of the source
     * @param out a heap buffer of the column's dtype, written at its position
     * @throws IOException when the elements have to be read and cannot be
     */
    void write(int column, Buffer out) throws IOException;
}
