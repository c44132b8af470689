package io.github.tapeloop.data;

import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * One pass over the batches of an epoch.
 *
 * <p><b>A batch lives until the next one is pulled or this iterator is closed, whichever is first.</b> Both {@link
 * #hasNext()} and {@link #next()} pull: each closes the batch before it, so at most one batch is out at any time, and a
 * for-each loop that runs to its end leaks nothing. The batch may be closed earlier by the one who works with it.
 *
 * <p>A loop that may leave early must close the iterator; the threads and files of one that nobody can reach any more are let
 * go only some time after the garbage collector has seen it. When the last batch has been passed, or pulling one failed,
 * everything has been released already. Use it from one thread at a time. An interrupt does not disturb it: the flag of
 * the thread stays set and batches still come, so that a loop can stop at a batch boundary. Only where a prefetched or
 * mapped source blocks is it passed on after half a second, to end the wait with a {@link DataException}.
 */
public interface BatchIterator extends Iterator<Batch>, AutoCloseable {

    /**
     * Pulls the next batch, if that has not happened yet, and so closes the batch before.
     *
     * @return whether there is another batch
     * @throws IllegalStateException after {@link #close()}, or after pulling a batch failed
     * @throws DataException when the data cannot be read or is damaged
     */
    @Override
    boolean hasNext();

    /**
     * Returns the next batch and closes the one before.
     *
     * @return the batch; it belongs to this iterator
     * @throws NoSuchElementException when there is no further batch
     * @throws IllegalStateException after {@link #close()}, or after pulling a batch failed
     * @throws DataException when the data cannot be read or is damaged
     */
    @Override
    Batch next();

    /** Closes the batch that is out, those waiting in a prefetch queue and the source, and ends the prefetch thread. */
    @Override
    void close();
}
