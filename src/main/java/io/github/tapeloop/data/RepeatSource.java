package io.github.tapeloop.data;

import java.io.IOException;
import java.util.OptionalLong;

/** The same source some times in one pass, its shuffles as in as many epochs. A round without an example is the last. */
record RepeatSource(Source upstream, int times) implements Stage {

    @Override
    public OptionalLong size() {
        OptionalLong once = upstream.size();
        if (once.isEmpty()) {
            return once;
        }
        boolean many = once.getAsLong() > Long.MAX_VALUE / times;
        return OptionalLong.of(many ? Long.MAX_VALUE : once.getAsLong() * times);
    }

    @Override
    public RepeatSource over(Source other) {
        return new RepeatSource(other, times);
    }

    @Override
    public boolean isCuttable() {
        return false;
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new RepeatCursor(seed, epoch * times);
    }

    private final class RepeatCursor implements Cursor {

        private final long seed;
        private final int firstEpoch;
        private int round;
        private boolean isEmpty = true;
        private Cursor current;

        RepeatCursor(long seed, int firstEpoch) throws IOException {
            this.seed = seed;
            this.firstEpoch = firstEpoch;
            this.current = upstream.open(seed, firstEpoch);
        }

        @Override
        public boolean advance() throws IOException {
            while (!current.advance()) {
                if (isEmpty || round == times - 1) {
                    return false;
                }
                round++;
                isEmpty = true;
                current.close();
                current = upstream.open(seed, firstEpoch + round);
            }
            isEmpty = false;
            return true;
        }

        @Override
        public Example example() {
            return current.example();
        }

        @Override
        public void close() throws IOException {
            current.close();
        }
    }
}
