package io.github.tapeloop.data;

import java.io.IOException;
import java.util.function.LongConsumer;

/** The examples of another source, each announced by its number in the pass. */
record PeekedSource(Source upstream, LongConsumer action) implements PassingStage {

    @Override
    public PeekedSource over(Source other) {
        return new PeekedSource(other, action);
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new PeekedCursor(upstream.open(seed, epoch), action);
    }

    private static final class PeekedCursor implements Cursor {

        private final Cursor upstream;
        private final LongConsumer action;
        private long next;

        PeekedCursor(Cursor upstream, LongConsumer action) {
            this.upstream = upstream;
            this.action = action;
        }

        @Override
        public boolean advance() throws IOException {
            if (!upstream.advance()) {
                return false;
            }
            action.accept(next++);
            return true;
        }

        @Override
        public Example example() {
            return upstream.example();
        }

        @Override
        public long place() {
            return upstream.place();
        }

        @Override
        public void skip(long count) throws IOException {
            upstream.skip(count);
            next += count;
        }

        @Override
        public void close() throws IOException {
            upstream.close();
        }
    }
}
