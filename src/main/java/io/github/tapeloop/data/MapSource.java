package io.github.tapeloop.data;

import io.github.tapeloop.settings.Seeds;
import java.io.IOException;
import java.util.List;

/**
 * Another example for each, made on the thread that pulls or, in the same order, on several at once.
 *
 * @param threads how many make examples besides the thread that pulls; 0 for that thread itself
 */
record MapSource(Source upstream, List<Column> columns, int threads, Mapper mapper) implements PassingStage {

    @FunctionalInterface
    interface Mapper {
        Example map(Row row) throws IOException;
    }

    @Override
    public MapSource over(Source other) {
        return new MapSource(other, columns, threads, mapper);
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        // A map below this one must not see the same seeds.
        Cursor examples = upstream.open(Seeds.mix(seed, "below"), epoch);
        Work work = new Work(upstream.columns(), mapper, Seeds.mix(Seeds.mix(seed, "map"), epoch));
        return threads == 0 ? new SerialCursor(examples, work) : new ParallelCursor(examples, work, threads);
    }

    /** What is done with each example, by any thread. */
    record Work(List<Column> columns, Mapper mapper, long seed) {

        Example apply(Example example, long number) throws IOException {
            Row row = Row.of(columns, example, number, Seeds.mix(seed, number));
            try {
                return mapper.map(row);
            } catch (DataException e) {
                throw e;
            } catch (RuntimeException e) {
                throw new DataException("example " + number + " could not be mapped: " + e, e);
            }
        }
    }

    private static final class SerialCursor implements Cursor {

        private final Cursor upstream;
        private final Work work;
        private long number;
        private Example current;

        SerialCursor(Cursor upstream, Work work) {
            this.upstream = upstream;
            this.work = work;
        }

        @Override
        public boolean advance() throws IOException {
            if (!upstream.advance()) {
                return false;
            }
            current = work.apply(upstream.example(), upstream.number(number));
            number++;
            return true;
        }

        @Override
        public void skip(long count) throws IOException {
            upstream.skip(count);
            number += count;
        }

        @Override
        public Example example() {
            return current;
        }

        @Override
        public long place() {
            return upstream.place();
        }

        @Override
        public void close() throws IOException {
            upstream.close();
        }
    }
}
