package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TNumber;

/** Collects one column of a batch on the heap, example by example. Used by one thread. */
interface ColumnBuffer {

    void clear();

    void add(Example example) throws IOException;

    /** What was added since {@link #clear()} as a tensor [count, ...] from the pool. */
    TNumber toTensor(int count, TensorPool pool);

    static ColumnBuffer of(Column column, int index, int capacity, PadTo padding) {
        return column.isOpen() ? new Padded(column, index, padding) : new Fixed(column, index, capacity);
    }

    private static int elements(Column column, long examples, long width) {
        long elements = width * examples;
        if (elements > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a batch of " + examples + " examples of " + column + " has " + elements
                    + " elements but at most " + Integer.MAX_VALUE + " fit; use a smaller batch");
        }
        return (int) elements;
    }

    /** Examples of one width are written to one array right away. */
    final class Fixed implements ColumnBuffer {

        private final Column column;
        private final int index;
        private final Buffer buffer;

        Fixed(Column column, int index, int capacity) {
            this.column = column;
            this.index = index;
            this.buffer = column.dtype().allocate(elements(column, capacity, column.width()));
        }

        @Override
        public void clear() {
            buffer.clear();
        }

        @Override
        public void add(Example example) throws IOException {
            example.write(index, buffer);
        }

        @Override
        public TNumber toTensor(int count, TensorPool pool) {
            if (buffer.position() != count * column.width()) {
                throw new DataException("expected " + column.width() + " values in each example of " + column + " but "
                        + count + " examples wrote " + buffer.position() + "; correct the source of this column");
            }
            TNumber tensor = pool.take(column.dtype(), column.shape().prepend(count));
            column.dtype().copy(buffer, tensor);
            return tensor;
        }
    }

    /** Examples of unequal lengths wait for the longest of them. */
    final class Padded implements ColumnBuffer {

        private final Column column;
        private final int index;
        private final PadTo padding;
        private final List<Object> arrays = new ArrayList<>();
        private Buffer buffer;

        Padded(Column column, int index, PadTo padding) {
            this.column = column;
            this.index = index;
            this.padding = padding;
            this.buffer = column.dtype().allocate(0);
        }

        @Override
        public void clear() {
            arrays.clear();
        }

        @Override
        public void add(Example example) throws IOException {
            arrays.add(example.elements(index));
        }

        @Override
        public TNumber toTensor(int count, TensorPool pool) {
            Dtype dtype = column.dtype();
            int longest = arrays.stream().mapToInt(dtype::length).max().orElse(0);
            int length = padding.lengthFor(longest);
            int elements = elements(column, count, length);
            if (buffer.capacity() < elements) {
                buffer = dtype.allocate(elements);
            }
            buffer.clear();
            for (Object array : arrays) {
                dtype.put(array, buffer);
                dtype.fill(padding.value(), length - dtype.length(array), buffer);
            }
            TNumber tensor = pool.take(dtype, Shape.of(count, length));
            dtype.copy(buffer, tensor);
            return tensor;
        }
    }
}
