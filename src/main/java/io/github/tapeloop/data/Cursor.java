package io.github.tapeloop.data;

import java.io.IOException;

/** One pass over the examples of a source. Used by one thread at a time. */
interface Cursor extends AutoCloseable {

    /** Moves to the next example; false at the end, and then for ever. */
    boolean advance() throws IOException;

    /** The example the last successful {@link #advance()} moved to. */
    Example example();

    /** Passes over up to {@code count} examples; a source with random access does it without visiting them. */
    default void skip(long count) throws IOException {
        long left = count;
        while (left > 0 && advance()) {
            left--;
        }
    }

    @Override
    void close() throws IOException;
}
