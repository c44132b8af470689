package io.github.tapeloop.data;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TNumber;

/**
 * The native tensors of one pass, used again and again: a batch gives them back when it is closed. A tensor that an
 * operand still shares is not reused but left to that operand.
 *
 * <p>Tensors for the prefetch thread are made ahead by the consumer: native allocators keep memory per thread, and a
 * thread that allocates what another frees would make the process grow with each pass. Thread-safe.
 */
final class TensorPool implements AutoCloseable {

    /** More than are ever out at once without prefetch; shapes of padded batches that do not return must not pile up. */
    private static final int SPARE_BATCHES = 4;

    /** Elements of a tensor that is made ahead: a batch size that means "all" says nothing of how many there are. */
    private static final long MOST_AHEAD = 1 << 26;

    private final List<Column> columns;
    private final List<TNumber> free = new ArrayList<>();
    private int limit;
    private boolean closed;

    TensorPool(List<Column> columns) {
        this.columns = columns;
        this.limit = SPARE_BATCHES * columns.size();
    }

    /** Makes the tensors of some whole batches ahead. */
    synchronized void reserve(int batches, long batchSize) {
        limit = Math.max(limit, batches * columns.size());
        for (int i = 0; i < batches; i++) {
            for (Column column : columns) {
                if (!column.isOpen() && batchSize * column.width() <= MOST_AHEAD) {
                    free.add(column.dtype().allocate(column.shape().prepend(batchSize)));
                }
            }
        }
    }

    /** A tensor of a shape, its elements undefined. */
    synchronized TNumber take(Dtype dtype, Shape shape) {
        Iterator<TNumber> tensors = free.iterator();
        while (tensors.hasNext()) {
            TNumber tensor = tensors.next();
            if (dtype == Dtype.of(tensor) && tensor.shape().equals(shape)) {
                tensors.remove();
                return tensor;
            }
        }
        return dtype.allocate(shape);
    }

    /** Takes a tensor back. */
    synchronized void give(TNumber tensor) {
        if (!closed && Tensors.isUnshared(tensor)) {
            free.add(tensor);
            if (free.size() > limit) {
                free.remove(0).close();
            }
        } else {
            tensor.close();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        free.forEach(TNumber::close);
        free.clear();
    }
}
