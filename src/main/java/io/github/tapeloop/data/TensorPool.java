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

    private final List<Column> columns;
    private final List<TNumber> free = new ArrayList<>();
    private boolean closed;

    TensorPool(List<Column> columns) {
        this.columns = columns;
    }

    /** Makes the tensors of some whole batches ahead. */
    synchronized void reserve(int batches, int batchSize) {
        for (int i = 0; i < batches; i++) {
            for (Column column : columns) {
                free.add(column.dtype().allocate(column.shape().prepend(batchSize)));
            }
        }
    }

    /** A tensor for a batch of a column, its elements undefined. */
    synchronized TNumber take(Column column, int batchSize) {
        Shape shape = column.shape().prepend(batchSize);
        Iterator<TNumber> tensors = free.iterator();
        while (tensors.hasNext()) {
            TNumber tensor = tensors.next();
            if (column.dtype() == Dtype.of(tensor) && tensor.shape().equals(shape)) {
                tensors.remove();
                return tensor;
            }
        }
        return column.dtype().allocate(shape);
    }

    /** Takes a tensor back. */
    synchronized void give(TNumber tensor) {
        if (!closed && Tensors.isUnshared(tensor)) {
            free.add(tensor);
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
