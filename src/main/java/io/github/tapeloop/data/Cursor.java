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

    /** Where the example is in the whole that was cut, if this is a part of it; -1 otherwise. */
    default long place() {
        return -1;
    }

    /** The number of the example for users' functions: that in the whole, or else what a stage has counted itself. */
    default long number(long counted) {
        long place = place();
        return place < 0 ? counted : place;
    }

    @Override
    void close() throws IOException;
}
