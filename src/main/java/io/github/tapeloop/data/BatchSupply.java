package io.github.tapeloop.data;

import java.util.Optional;

/** A supply of batches, one by one. What it delivered belongs to whoever pulled it. */
interface BatchSupply extends AutoCloseable {

    /** The next batch, or empty at the end. */
    Optional<Batch> pull();

    /** Makes room for some batches at once, on the thread that will let go of them; otherwise room is made as needed. */
    default void prepare(int batches) {}

    /** Releases the source. Idempotent. */
    @Override
    void close();
}
