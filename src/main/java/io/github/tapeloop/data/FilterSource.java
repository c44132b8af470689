package io.github.tapeloop.data;

import io.github.tapeloop.settings.Seeds;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.function.Predicate;

/** The examples that a condition holds for. */
record FilterSource(Source upstream, Predicate<? super Row> condition) implements Stage {

    @Override
    public OptionalLong size() {
        return OptionalLong.empty();
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new FilterCursor(upstream.open(seed, epoch), Seeds.mix(Seeds.mix(seed, "filter"), epoch));
    }

    private final class FilterCursor implements Cursor {

        private final Cursor examples;
        private final long seed;
        private long number;
        private Example current;

        FilterCursor(Cursor examples, long seed) {
            this.examples = examples;
            this.seed = seed;
        }

        @Override
        public boolean advance() throws IOException {
            while (examples.advance()) {
                HeldExample held = HeldExample.of(columns(), examples.example());
                Row row = Row.read(columns(), held, number, Seeds.mix(seed, number));
                boolean passes = test(row);
                number++;
                if (passes) {
                    current = held;
                    return true;
                }
            }
            return false;
        }

        private boolean test(Row row) {
            try {
                return condition.test(row);
            } catch (RuntimeException e) {
                throw new DataException("example " + number + " could not be filtered: " + e, e);
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
}
