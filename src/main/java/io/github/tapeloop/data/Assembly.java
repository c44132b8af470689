package io.github.tapeloop.data;

import java.io.IOException;
import java.util.Optional;

/** Assembles batches from a cursor on the thread that pulls. */
final class Assembly implements BatchSupply {

    private final Cursor cursor;
    private final TensorPool pool;
    private final Source source;
    private final Grouping grouping;
    private BatchBuffer buffer;
    /** How many examples the buffer can hold. */
    private int capacity;

    private long index;

    private Assembly(Cursor cursor, TensorPool pool, Source source, Grouping grouping) {
        this.cursor = cursor;
        this.pool = pool;
        this.source = source;
        this.grouping = grouping;
        makeRoom(grouping.size());
    }

    static Assembly open(Source source, Grouping grouping, long seed, int epoch) {
        TensorPool pool = new TensorPool(source.columns());
        try {
            return new Assembly(source.open(seed, epoch), pool, source, grouping);
        } catch (IOException e) {
            throw new DataException("the data could not be opened: " + e, e);
        }
    }

    /** Grows the buffer to hold so many examples, as far as there are so many. */
    private void makeRoom(int examples) {
        int wanted = (int) Math.min(examples, source.size().orElse(examples));
        if (buffer == null || wanted > capacity) {
            capacity = wanted;
            buffer = new BatchBuffer(source.columns(), capacity, grouping.padding(), pool);
        }
    }

    @Override
    public Optional<Batch> pull() {
        int batchSize = grouping.next();
        makeRoom(batchSize);
        buffer.clear();
        try {
            while (buffer.count() < batchSize && cursor.advance()) {
                buffer.add(cursor.example());
            }
        } catch (IOException e) {
            throw new DataException(
                    "batch " + index + " could not be read, at its example " + buffer.count() + ": " + e, e);
        }
        if (buffer.count() == 0 || (grouping.dropRemainder() && buffer.count() < batchSize)) {
            return Optional.empty();
        }
        index++;
        return Optional.of(buffer.toBatch());
    }

    @Override
    public void prepare(int batches) {
        pool.reserve(batches, grouping.size());
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
