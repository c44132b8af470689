package io.github.tapeloop.data;

import java.io.IOException;
import java.util.Optional;

/** Assembles batches from a cursor on the thread that pulls. */
final class Assembly implements BatchSupply {

    private final Cursor cursor;
    private final BatchBuffer buffer;
    private final TensorPool pool;
    private final int batchSize;
    private final boolean dropRemainder;
    private long index;

    private Assembly(Cursor cursor, BatchBuffer buffer, TensorPool pool, Grouping grouping) {
        this.cursor = cursor;
        this.buffer = buffer;
        this.pool = pool;
        this.batchSize = grouping.size();
        this.dropRemainder = grouping.dropRemainder();
    }

    static Assembly open(Source source, Grouping grouping, long seed, int epoch) {
        int batchSize = grouping.size();
        int capacity = (int) Math.min(batchSize, source.size().orElse(batchSize));
        TensorPool pool = new TensorPool(source.columns());
        BatchBuffer buffer = new BatchBuffer(source.columns(), capacity, grouping.padding(), pool);
        try {
            return new Assembly(source.open(seed, epoch), buffer, pool, grouping);
        } catch (IOException e) {
            throw new DataException("the data could not be opened: " + e, e);
        }
    }

    @Override
    public Optional<Batch> pull() {
        buffer.clear();
        try {
            while (buffer.count() < batchSize && cursor.advance()) {
                buffer.add(cursor.example());
            }
        } catch (IOException e) {
            throw new DataException(
                    "batch " + index + " could not be read, at its example " + buffer.count() + ": " + e, e);
        }
        if (buffer.count() == 0 || (dropRemainder && buffer.count() < batchSize)) {
            return Optional.empty();
        }
        index++;
        return Optional.of(buffer.toBatch());
    }

    @Override
    public void prepare(int batches) {
        pool.reserve(batches, batchSize);
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
