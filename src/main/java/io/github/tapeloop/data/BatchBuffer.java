package io.github.tapeloop.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.types.family.TNumber;

/**
 * Collects examples into one heap array per column and turns them into native tensors with one bulk copy each. That is
 * faster than a write per example into the native memory (measured on [128, 784] float32: 95 against 150 µs), and
 * nothing native exists while examples are still being read. Reused from batch to batch, by one thread.
 */
final class BatchBuffer {

    private final Layout layout;
    private final TensorPool pool;
    private final ColumnBuffer[] buffers;
    private int count;

    BatchBuffer(List<Column> columns, int capacity, PadTo padding, TensorPool pool) {
        this.layout = Layout.of(columns);
        this.pool = pool;
        this.buffers = IntStream.range(0, columns.size())
                .mapToObj(index -> ColumnBuffer.of(columns.get(index), index, capacity, padding))
                .toArray(ColumnBuffer[]::new);
    }

    int count() {
        return count;
    }

    void clear() {
        count = 0;
        for (ColumnBuffer buffer : buffers) {
            buffer.clear();
        }
    }

    void add(Example example) throws IOException {
        for (ColumnBuffer buffer : buffers) {
            buffer.add(example);
        }
        count++;
    }

    /** The examples since the last {@link #clear()} as a batch, which gives its tensors back to the pool. */
    Batch toBatch() {
        List<TNumber> tensors = new ArrayList<>(buffers.length);
        try {
            for (ColumnBuffer buffer : buffers) {
                tensors.add(buffer.toTensor(count, pool));
            }
        } catch (RuntimeException | Error e) {
            new OwnedTensors(tensors, pool::give).close();
            throw e;
        }
        return Batch.owning(count, layout, new OwnedTensors(tensors, pool::give));
    }
}
