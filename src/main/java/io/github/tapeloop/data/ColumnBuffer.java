package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TNumber;

/** A buffer for one column of a batch on the heap, example by example. Used by one thread. */
interface ColumnBuffer {

    /** The longest array of every JVM. */
    int MOST = Integer.MAX_VALUE - 8;

    /** Room for so many elements is made at once; beyond that it grows with what comes. */
    int AT_ONCE = 1 << 22;

    /** Fails if so many examples do not fit. */
    default void requireRoom(long examples) {}

    /** Makes room for examples that may come. */
    default void makeRoom(long examples) {}

    void add(Example example) throws IOException;

    /** The length that examples are filled up to, 0 if they need not be. */
    default int length(int from, int to) {
        return 0;
    }

    /** The first examples as a tensor [count, ...] from the pool. */
    TNumber toTensor(int count, TensorPool pool);

    /** Moves the examples after the first ones to the front. */
    void removeFirst(int examples);

    /** Forgets all but the first examples. */
    void keep(int examples);

    static ColumnBuffer of(Column column, int index, PadTo padding) {
        return column.isOpen() ? new Padded(column, index, padding) : new Fixed(column, index);
    }

    private static int elements(Column column, long examples, long width) {
        if (examples > MOST / width) {
            throw new IllegalArgumentException("a batch of " + examples + " examples of " + column + " has " + width
                    + " elements each but at most " + MOST + " fit into one; use a smaller batch");
        }
        return (int) (width * examples);
    }

    private static Buffer allocate(Column column, int elements) {
        try {
            return column.dtype().allocate(elements);
        } catch (OutOfMemoryError e) {
            throw new DataException(
                    "no heap for a batch of " + Texts.size(column.dtype().bytes() * (double) elements) + " of " + column
                            + ": take smaller batches, or start Java with a larger -Xmx",
                    e);
        }
    }

    /** Examples of one width are written to one array right away. */
    final class Fixed implements ColumnBuffer {

        private final Column column;
        private final int index;
        private final int width;
        private Buffer buffer;

        Fixed(Column column, int index) {
            this.column = column;
            this.index = index;
            this.width = column.width();
            this.buffer = column.dtype().allocate(0);
        }

        @Override
        public void requireRoom(long examples) {
            elements(column, examples, width);
        }

        @Override
        public void makeRoom(long examples) {
            long most = Math.max(1, AT_ONCE / width);
            grow(Math.min(examples, most));
        }

        private void grow(long examples) {
            int wanted = elements(column, examples, width);
            if (wanted > buffer.capacity()) {
                Buffer larger = allocate(column, wanted);
                column.dtype().put(buffer.array(), 0, buffer.position(), larger);
                buffer = larger;
            }
        }

        @Override
        public void add(Example example) throws IOException {
            if (buffer.remaining() < width) {
                long held = buffer.capacity() / width;
                grow(Math.max(held + 1, Math.min(2 * held, MOST / width)));
            }
            example.write(index, buffer);
        }

        @Override
        public TNumber toTensor(int count, TensorPool pool) {
            if (buffer.position() % width != 0 || buffer.position() / width < count) {
                throw new DataException("expected " + width + " values in each example of " + column + " but " + count
                        + " examples wrote " + buffer.position() + "; correct the source of this column");
            }
            TNumber tensor = pool.take(column.dtype(), column.shape().prepend(count));
            column.dtype().copy(buffer, tensor);
            return tensor;
        }

        @Override
        public void removeFirst(int examples) {
            int rest = buffer.position() - examples * width;
            System.arraycopy(buffer.array(), examples * width, buffer.array(), 0, rest);
            buffer.position(rest);
        }

        @Override
        public void keep(int examples) {
            buffer.position(examples * width);
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
        public void add(Example example) throws IOException {
            Object array = example.elements(index);
            column.requireSteps(column.dtype().length(array));
            arrays.add(array);
        }

        @Override
        public int length(int from, int to) {
            int longest = 0;
            for (int i = from; i < to; i++) {
                longest = Math.max(longest, column.dtype().length(arrays.get(i)) / column.step());
            }
            return padding.lengthFor(longest);
        }

        @Override
        public TNumber toTensor(int count, TensorPool pool) {
            Dtype dtype = column.dtype();
            int length = length(0, count);
            int width = elements(column, length, column.step());
            int elements = elements(column, count, width);
            if (buffer.capacity() < elements) {
                buffer = allocate(column, elements);
            }
            buffer.clear();
            for (Object array : arrays.subList(0, count)) {
                dtype.put(array, buffer);
                dtype.fill(padding.value(), width - dtype.length(array), buffer);
            }
            TNumber tensor = pool.take(
                    dtype, Shape.of(count, length).append(column.shape().tail()));
            dtype.copy(buffer, tensor);
            return tensor;
        }

        @Override
        public void removeFirst(int examples) {
            arrays.subList(0, examples).clear();
        }

        @Override
        public void keep(int examples) {
            arrays.subList(examples, arrays.size()).clear();
        }
    }
}
