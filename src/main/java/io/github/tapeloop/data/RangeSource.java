package io.github.tapeloop.data;

import java.io.IOException;
import java.util.OptionalLong;

/** The examples {@code from} (inclusive) to {@code to} (exclusive) of another source, in its order of that pass. */
record RangeSource(Source upstream, long from, long to) implements Stage {

    @Override
    public OptionalLong size() {
        OptionalLong known = upstream.size();
        return known.isEmpty() ? known : OptionalLong.of(Math.max(0, Math.min(to, known.getAsLong()) - from));
    }

    @Override
    public RangeSource over(Source other) {
        return new RangeSource(other, from, to);
    }

    @Override
    public Halves split(Cut cut) {
        if (!isCuttable()) {
            throw new IllegalStateException("split() after a shuffle or a repetition that take() or skip() cuts would"
                    + " put one example into both parts; call split() before take() and skip(), or shuffle() and repeat()"
                    + " after them");
        }
        return cut.of(this);
    }

    @Override
    public RangeSource cutPoint() {
        return over(upstream.rows());
    }

    @Override
    public boolean isInMemory() {
        return upstream.isInMemory();
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new RangeCursor(upstream.open(seed, epoch), from, to);
    }

    private static final class RangeCursor implements Cursor {

        private final Cursor upstream;
        private final long from;
        private final long to;
        private long position;

        RangeCursor(Cursor upstream, long from, long to) {
            this.upstream = upstream;
            this.from = from;
            this.to = to;
        }

        @Override
        public boolean advance() throws IOException {
            if (position < from) {
                upstream.skip(from - position);
                position = from;
            }
            if (position >= to || !upstream.advance()) {
                return false;
            }
            position++;
            return true;
        }

        @Override
        public Example example() {
            return upstream.example();
        }

        @Override
        public void close() throws IOException {
            upstream.close();
        }
    }
}
