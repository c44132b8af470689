package io.github.tapeloop.data;

import java.io.IOException;
import java.util.OptionalLong;

/** The same source some times in one pass, its shuffles as in as many epochs. */
record RepeatSource(Source upstream, int times) implements Stage {

    @Override
    public OptionalLong size() {
        OptionalLong once = upstream.size();
        return once.isEmpty() ? once : OptionalLong.of(Math.multiplyExact(once.getAsLong(), (long) times));
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new RepeatCursor(seed, epoch * times);
    }

    private final class RepeatCursor implements Cursor {

        private final long seed;
        private final int firstEpoch;
        private int round;
        private Cursor current;

        RepeatCursor(long seed, int firstEpoch) throws IOException {
            this.seed = seed;
            this.firstEpoch = firstEpoch;
            this.current = upstream.open(seed, firstEpoch);
        }

        @Override
        public boolean advance() throws IOException {
            while (!current.advance()) {
                if (round == times - 1) {
                    return false;
                }
                round++;
                current.close();
                current = upstream.open(seed, firstEpoch + round);
            }
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
