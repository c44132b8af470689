package io.github.tapeloop.data;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A supply of batches that are assembled from a cursor on the thread that pulls. Where several are to be joined,
 * only those are that have one shape: each is padded as it would be by itself, however many a step takes at once.
 */
final class Assembly implements BatchSupply {

    private final Cursor cursor;
    private final TensorPool pool;
    private final OptionalLong size;
    private final Grouping grouping;
    private final BatchBuffer buffer;
    /** How many batches of the present group are still to come. */
    private long left;

    private boolean ended;
    /** What went wrong behind batches that still came. */
    private RuntimeException failure;

    private long index;

    private Assembly(Cursor cursor, TensorPool pool, OptionalLong size, Grouping grouping, BatchBuffer buffer) {
        this.cursor = cursor;
        this.pool = pool;
        this.size = size;
        this.grouping = grouping;
        this.buffer = buffer;
    }

    static Assembly open(Source source, Grouping grouping, long seed, int epoch) {
        TensorPool pool = new TensorPool(source.columns());
        BatchBuffer buffer = new BatchBuffer(source.columns(), grouping.padding(), pool);
        OptionalLong size = source.size();
        if (size.isPresent()) {
            buffer.requireRoom(Math.min(grouping.size(), size.getAsLong()));
        }
        Interrupts.begin();
        try {
            return new Assembly(source.open(seed, epoch), pool, size, grouping, buffer);
        } catch (IOException e) {
            throw new DataException("the data could not be opened: " + e, e);
        }
    }

    @Override
    public Optional<Batch> pull() {
        Interrupts.begin();
        if (failure != null) {
            throw failure;
        }
        if (left == 0) {
            left = grouping.nextParts();
            buffer.makeRoom(Math.min(left * grouping.size(), size.orElse(grouping.size())));
        }
        long joined = buffer.count() > 0 ? 1 : 0; // One that did not have the shape of those before.
        while (joined < left && !ended) {
            int before = buffer.count();
            try {
                read(before);
            } catch (RuntimeException e) {
                if (before == 0) {
                    throw e;
                }
                failure = e; // The batches before it are whole.
                buffer.keep(before);
            }
            if (buffer.count() == before) {
                break;
            }
            if (!buffer.isPaddedAlike(before)) {
                return Optional.of(batch(before, joined));
            }
            joined++;
        }
        return buffer.count() == 0 ? Optional.empty() : Optional.of(batch(buffer.count(), joined));
    }

    private Batch batch(int examples, long joined) {
        left -= joined;
        index += joined;
        return buffer.toBatch(examples);
    }

    /** Adds the examples of one batch, all of them or, at the end, as many as there are. */
    private void read(int before) {
        int wanted = grouping.size();
        try {
            while (buffer.count() - before < wanted && cursor.advance()) {
                buffer.add(cursor.example());
            }
        } catch (IOException e) {
            throw new DataException(
                    "batch " + (index + before / wanted) + " could not be read, at its example "
                            + (buffer.count() - before) + ": " + e,
                    e);
        }
        if (buffer.count() - before < wanted) {
            ended = true;
            if (grouping.dropRemainder()) {
                buffer.keep(before);
            }
        }
    }

    @Override
    public void prepare(int batches) {
        pool.reserve(batches, Math.min(grouping.size(), size.orElse(grouping.size())));
    }

    @Override
    public void close() {
        pool.close();
        try {
            cursor.close();
        } catch (IOException e) {
            throw new DataException("the data could not be closed after " + index + " batches: " + e, e);
        }
    }
}
