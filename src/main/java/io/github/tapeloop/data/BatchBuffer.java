package io.github.tapeloop.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.types.family.TNumber;

/**
 * A buffer that collects examples into one heap array per column and turns them into native tensors with one bulk
 * copy each. That is faster than a write per example into the native memory (measured on [128, 784] float32: 95
 * against 150 µs), and nothing native exists while examples are still being read. Reused from batch to batch, by one
 * thread.
 */
final class BatchBuffer {

    private final Layout layout;
    private final TensorPool pool;
    private final ColumnBuffer[] buffers;
    private int count;

    BatchBuffer(List<Column> columns, PadTo padding, TensorPool pool) {
        this.layout = Layout.of(columns);
        this.pool = pool;
        this.buffers = IntStream.range(0, columns.size())
                .mapToObj(index -> ColumnBuffer.of(columns.get(index), index, padding))
                .toArray(ColumnBuffer[]::new);
    }

    /** Fails if so many examples make no batch. */
    void requireRoom(long examples) {
        for (ColumnBuffer buffer : buffers) {
            buffer.requireRoom(examples);
        }
    }

    /** Makes room for so many examples at once, as far as that is not much: there may be fewer. */
    void makeRoom(long examples) {
        for (ColumnBuffer buffer : buffers) {
            buffer.makeRoom(examples);
        }
    }

    int count() {
        return count;
    }

    /** Forgets all but the first examples. */
    void keep(int examples) {
        count = examples;
        for (ColumnBuffer buffer : buffers) {
            buffer.keep(examples);
        }
    }

    void add(Example example) throws IOException {
        for (ColumnBuffer buffer : buffers) {
            buffer.add(example);
        }
        count++;
    }

    /** Whether the examples from a place on are filled up to the same lengths as those before. */
    boolean isPaddedAlike(int from) {
        for (ColumnBuffer buffer : buffers) {
            if (from > 0 && buffer.length(0, from) != buffer.length(from, count)) {
                return false;
            }
        }
        return true;
    }

    /** The first examples as a batch, which gives its tensors back to the pool. The others become the first. */
    Batch toBatch(int examples) {
        List<TNumber> tensors = new ArrayList<>(buffers.length);
        try {
            for (ColumnBuffer buffer : buffers) {
                tensors.add(buffer.toTensor(examples, pool));
            }
        } catch (RuntimeException | Error e) {
            new OwnedTensors(tensors, pool::give).close();
            throw e;
        }
        for (ColumnBuffer buffer : buffers) {
            buffer.removeFirst(examples);
        }
        count -= examples;
        return Batch.owning(examples, layout, new OwnedTensors(tensors, pool::give));
    }
}
