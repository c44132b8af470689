package io.github.tapeloop.data;

import java.nio.Buffer;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/** Examples whose columns lie in memory: an example is an index, so shuffles and splits copy no data. */
final class MemorySource implements Source {

    private final List<MemoryColumn> data;
    private final List<Column> columns;
    private final int rows;

    private MemorySource(List<MemoryColumn> data) {
        this.data = data;
        this.columns = data.stream().map(MemoryColumn::column).toList();
        this.rows = data.get(0).rows();
    }

    static MemorySource of(MemoryColumn... data) {
        return of(Arrays.asList(data));
    }

    static MemorySource of(List<MemoryColumn> data) {
        MemoryColumn first = data.get(0);
        if (first.rows() == 0) {
            throw new IllegalArgumentException(
                    first.column().name() + " has no rows; a dataset needs at least one example");
        }
        for (MemoryColumn other : data) {
            if (other.rows() != first.rows()) {
                throw new IllegalArgumentException(first.column().name() + " has " + first.rows() + " rows but "
                        + other.column().name() + " has " + other.rows()
                        + "; every example needs one row of each");
            }
        }
        return new MemorySource(List.copyOf(data));
    }

    @Override
    public List<Column> columns() {
        return columns;
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.of(rows);
    }

    @Override
    public Cursor open(long seed, int epoch) {
        return new MemoryCursor();
    }

    @Override
    public boolean isResumable() {
        return true;
    }

    @Override
    public boolean isInMemory() {
        return true;
    }

    private final class Row implements Example {

        private final int index;

        Row(int index) {
            this.index = index;
        }

        @Override
        public void write(int column, Buffer out) {
            data.get(column).writer().write(index, out);
        }

        @Override
        public Object elements(int column) {
            return data.get(column).elements().apply(index);
        }
    }

    private final class MemoryCursor implements Cursor {

        private long next;

        @Override
        public boolean advance() {
            Interrupts.check();
            if (next >= rows) {
                return false;
            }
            next++;
            return true;
        }

        @Override
        public Example example() {
            return new Row((int) next - 1);
        }

        @Override
        public void skip(long count) {
            next += Math.min(count, rows - next);
        }

        @Override
        public void close() {
            // Memory needs no closing.
        }
    }
}
