package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Objects whose fields are the columns. An example is the object itself; its fields are read when it is written. */
record RecordSource<T>(Records<T> records, List<Fields.Bound<T>> fields) implements Source {

    @Override
    public List<Column> columns() {
        return fields.stream().map(Fields.Bound::column).toList();
    }

    @Override
    public OptionalLong size() {
        return records.size();
    }

    @Override
    public boolean isResumable() {
        return records.isResumable();
    }

    @Override
    public boolean isInMemory() {
        return records.size().isPresent();
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new RecordCursor(records.open());
    }

    private final class RecordCursor implements Cursor {

        private final Records.Reader<T> reader;
        private long number = -1;
        private T record;

        RecordCursor(Records.Reader<T> reader) {
            this.reader = reader;
        }

        @Override
        public boolean advance() throws IOException {
            Interrupts.check();
            try {
                Optional<T> next = reader.next();
                if (next.isEmpty()) {
                    return false;
                }
                number++;
                record = next.get();
                return true;
            } catch (DataException e) {
                throw e;
            } catch (RuntimeException e) {
                throw new DataException(records.where(number + 1) + " could not be read: " + e, e);
            }
        }

        @Override
        public void skip(long count) throws IOException {
            reader.skip(count);
            number += count;
        }

        @Override
        public Example example() {
            return new RecordExample(number, record);
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }

    private final class RecordExample implements Example {

        private final long number;
        private final T record;

        RecordExample(long number, T record) {
            this.number = number;
            this.record = record;
        }

        @Override
        public void write(int column, Buffer out) {
            try {
                fields.get(column).field().write(record, out);
            } catch (RuntimeException e) {
                throw failure(column, e);
            }
        }

        @Override
        public Example toHold() throws IOException {
            return records.isText() ? HeldExample.of(columns(), this) : this;
        }

        @Override
        public Object elements(int column) {
            try {
                return fields.get(column).field().elements(record);
            } catch (RuntimeException e) {
                throw failure(column, e);
            }
        }

        private DataException failure(int column, RuntimeException e) {
            return e instanceof DataException known
                    ? known
                    : new DataException(
                            "column \"" + fields.get(column).column().name() + "\" of " + records.where(number)
                                    + " could not be made: " + e.getMessage(),
                            e);
        }
    }
}
