package io.github.tapeloop.data;

import java.io.IOException;
import java.util.BitSet;
import java.util.OptionalLong;

/** Some examples of another source, in its order: one part of it after a cut. Each keeps the number it has in the whole. */
record PartSource(Source upstream, Rows rowsOfPart) implements Stage {

    /** Which examples of the whole are in a part. */
    interface Rows {

        /** The next one from a place on, {@link Long#MAX_VALUE} if there is none. */
        long next(long from);

        /** How many there are. */
        long count();
    }

    /** Those from a place on and before another. */
    record Between(long from, long to) implements Rows {

        @Override
        public long next(long place) {
            long next = Math.max(from, place);
            return next < to ? next : Long.MAX_VALUE;
        }

        @Override
        public long count() {
            return Math.max(0, to - from);
        }
    }

    /**
     * Those that were drawn, or those that were not.
     *
     * @param total how many the whole has
     */
    record Drawn(BitSet drawn, boolean taken, int total) implements Rows {

        @Override
        public long next(long place) {
            if (place >= total) {
                return Long.MAX_VALUE;
            }
            int next = taken ? drawn.nextSetBit((int) place) : drawn.nextClearBit((int) place);
            return next < 0 || next >= total ? Long.MAX_VALUE : next;
        }

        @Override
        public long count() {
            return taken ? drawn.cardinality() : total - drawn.cardinality();
        }
    }

    @Override
    public PartSource over(Source other) {
        return new PartSource(other, rowsOfPart);
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.of(rowsOfPart.count());
    }

    @Override
    public boolean isInMemory() {
        return upstream.isInMemory();
    }

    @Override
    public Halves split(Cut cut) {
        return cut.of(this);
    }

    @Override
    public PartSource cutPoint() {
        return over(upstream.rows());
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new PartCursor(upstream.open(seed, epoch), rowsOfPart);
    }

    static final class PartCursor implements Cursor {

        private final Cursor whole;
        private final Rows rows;
        /** Where the whole is: before this place. */
        private long position;

        PartCursor(Cursor whole, Rows rows) {
            this.whole = whole;
            this.rows = rows;
        }

        @Override
        public boolean advance() throws IOException {
            long next = rows.next(position);
            if (next == Long.MAX_VALUE) {
                return false;
            }
            if (next > position) {
                whole.skip(next - position);
            }
            position = next + 1;
            return whole.advance();
        }

        @Override
        public Example example() {
            return whole.example();
        }

        @Override
        public long place() {
            return whole.number(position - 1);
        }

        @Override
        public void close() throws IOException {
            whole.close();
        }
    }
}
