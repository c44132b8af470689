package io.github.tapeloop.data;

import io.github.tapeloop.settings.Seeds;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.Buffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * The examples that a condition holds for. They stay what they were, the name of a file perhaps: what the condition has read
 * of one is there for whoever reads it next, but a buffer does not hold on to it.
 */
record FilterSource(Source upstream, Predicate<? super Row> condition) implements Stage {

    @Override
    public OptionalLong size() {
        return OptionalLong.empty();
    }

    @Override
    public FilterSource over(Source other) {
        return new FilterSource(other, condition);
    }

    /** A cut in order is one of what is kept: of the rows below, those that are kept may all lie on one side. */
    @Override
    public Halves split(Cut cut) {
        return isCuttable() && cut.countsWhatIsKept(upstream) ? cut.of(this) : Stage.super.split(cut);
    }

    /** The condition decides, and may do so otherwise in each pass. */
    @Override
    public boolean isResumable() {
        return false;
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new FilterCursor(upstream.open(seed, epoch), Seeds.mix(Seeds.mix(seed, "filter"), epoch));
    }

    private final class FilterCursor implements Cursor {

        private final Cursor examples;
        private final List<Column> columns = columns();
        private final long seed;
        private long number;
        private Row row;
        private Example current;

        FilterCursor(Cursor examples, long seed) {
            this.examples = examples;
            this.seed = seed;
        }

        @Override
        public boolean advance() throws IOException {
            while (examples.advance()) {
                Example example = examples.example();
                long its = examples.number(number++);
                row = Row.of(columns, example, its, Seeds.mix(seed, its));
                if (test(its)) {
                    current = new Kept(columns, example, new WeakReference<>(row));
                    return true;
                }
            }
            return false;
        }

        private boolean test(long its) {
            try {
                return condition.test(row);
            } catch (DataException e) {
                throw e;
            } catch (RuntimeException e) {
                throw new DataException("example " + its + " could not be filtered: " + e, e);
            }
        }

        @Override
        public Example example() {
            return current;
        }

        @Override
        public void close() throws IOException {
            examples.close();
        }
    }

    /** @param seen what was read of it already */
    private record Kept(List<Column> columns, Example example, WeakReference<Row> seen) implements Example {

        private Object known(int column) {
            Row row = seen.get();
            return row == null ? null : row.known(column);
        }

        @Override
        public void write(int column, Buffer out) throws IOException {
            Object known = known(column);
            if (known == null) {
                example.write(column, out);
            } else {
                columns.get(column).dtype().put(known, out);
            }
        }

        @Override
        public Object elements(int column) throws IOException {
            Object known = known(column);
            return known == null ? example.elements(column) : known;
        }

        @Override
        public Object toArray(int index, Column column) throws IOException {
            Object known = known(index);
            return known == null ? example.toArray(index, column) : known;
        }

        @Override
        public Example toHold() throws IOException {
            return example.toHold();
        }
    }
}
