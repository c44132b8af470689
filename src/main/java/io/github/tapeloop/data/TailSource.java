package io.github.tapeloop.data;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The first or the last part of a source whose size is not known before it was read once. Until then a pass holds back as
 * many examples as may yet fall on the other side of the cut: no pass is read twice.
 *
 * @param isFirst whether it is the part before the cut
 * @param overlap how many examples after the cut are left out
 * @param found the size of the whole, -1 as long as it is not known
 * @param compares whether the classes of the parts are compared when they are known
 */
record TailSource(Source upstream, double fraction, boolean isFirst, long overlap, AtomicLong found, boolean compares)
        implements Stage {

    static Halves halves(Source whole, double fraction, long overlap, boolean compares) {
        AtomicLong found = new AtomicLong(-1);
        return new Halves(
                new TailSource(whole, fraction, true, overlap, found, compares),
                new TailSource(whole.plain(), fraction, false, overlap, found, false));
    }

    @Override
    public TailSource over(Source other) {
        return new TailSource(other, fraction, isFirst, overlap, found, compares);
    }

    @Override
    public OptionalLong size() {
        long whole = upstream.size().orElse(found.get());
        if (whole < 0) {
            return OptionalLong.empty();
        }
        long first = Cut.first(whole, fraction);
        return OptionalLong.of(isFirst ? first : Math.max(0, whole - first - overlap));
    }

    @Override
    public Halves split(Cut cut) {
        return cut.of(this);
    }

    @Override
    public TailSource cutPoint() {
        return over(upstream.rows());
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        OptionalLong known = size();
        Cursor whole = upstream.open(seed, epoch);
        if (known.isEmpty()) {
            return new TailCursor(whole);
        }
        long first = Cut.first(upstream.size().orElse(found.get()), fraction);
        long from = isFirst ? 0 : first + overlap;
        return new PartSource.PartCursor(whole, new PartSource.Between(from, from + known.getAsLong()));
    }

    private record Held(Example example, long place) {}

    /** Reads to the end, to find out where the cut is. */
    private final class TailCursor implements Cursor {

        private final Cursor whole;
        private final ArrayDeque<Held> held = new ArrayDeque<>();
        private final Classes classes = Classes.of(columns());
        private long read;
        private boolean ended;
        private Held current;

        TailCursor(Cursor whole) {
            this.whole = whole;
        }

        @Override
        public boolean advance() throws IOException {
            while (!ended && (held.isEmpty() || !isFirst || held.peek().place() >= certain())) {
                readNext();
            }
            boolean there = !held.isEmpty() && (!isFirst || held.peek().place() < certain());
            current = there ? held.remove() : null;
            return there;
        }

        /** So many examples at least are in the first part. */
        private long certain() {
            return Cut.first(read, fraction);
        }

        private void readNext() throws IOException {
            if (!whole.advance()) {
                ended = true;
                found.compareAndSet(-1, read);
                if (compares) {
                    classes.warnOfDifference(certain());
                }
                return;
            }
            Example example = whole.example().toHold();
            if (compares) {
                classes.add(example);
            }
            held.add(new Held(example, read++));
            while (!isFirst && !held.isEmpty() && held.peek().place() < certain() + overlap) {
                held.remove();
            }
        }

        @Override
        public Example example() {
            return current.example();
        }

        @Override
        public long place() {
            return current.place();
        }

        @Override
        public void close() throws IOException {
            held.clear();
            whole.close();
        }
    }
}
