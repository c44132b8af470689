package io.github.tapeloop.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Examples from the heap once they were read. Where the order below is that of data which lies still, each example is kept
 * as soon as a pass comes by it, and the next pass goes on behind the last; of others the first pass that comes to its end is
 * kept. Thread-safe: of passes that fill it at once, the first to read an example, or to end, wins.
 */
final class CacheSource implements PassingStage {

    private static final int FILLING_EPOCH = 0;

    private final Source upstream;
    private final List<Column> columns;
    private final Object lock = new Object();
    /** The first examples, guarded by {@code lock}. */
    private final List<HeldExample> first = new ArrayList<>();
    /** All of them, as soon as they are known. */
    private volatile List<HeldExample> all;

    CacheSource(Source upstream) {
        this.upstream = upstream;
        this.columns = upstream.columns();
    }

    @Override
    public Source upstream() {
        return upstream;
    }

    @Override
    public OptionalLong size() {
        List<HeldExample> held = all;
        return held == null ? upstream.size() : OptionalLong.of(held.size());
    }

    @Override
    public CacheSource over(Source other) {
        return new CacheSource(other);
    }

    /** The parts read from this one cache, unless a shuffle below is in the way. */
    @Override
    public Halves split(Cut cut) {
        boolean here = isCuttable() && (size().isPresent() || !upstream.canDraw());
        return here ? cut.of(this) : PassingStage.super.split(cut);
    }

    @Override
    public boolean isCuttable() {
        return all != null || upstream.isCuttable();
    }

    @Override
    public Source cutPoint() {
        return rows();
    }

    @Override
    public Source rows() {
        return upstream.isCuttable() ? upstream.rows() : this;
    }

    @Override
    public boolean isInMemory() {
        return all != null;
    }

    @Override
    public boolean isResumable() {
        return all != null || upstream.isResumable();
    }

    @Override
    public Source plain() {
        return this;
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        List<HeldExample> held = all;
        if (held != null) {
            return new HeldCursor(held);
        }
        // What fills it must not depend on when that happens: a run that goes on in another process fills it again.
        return upstream.isResumable()
                ? new ResumingCursor(seed, FILLING_EPOCH)
                : new FillingCursor(upstream.open(seed, FILLING_EPOCH));
    }

    /** The kept example of a place, or null. */
    private HeldExample at(long place) {
        List<HeldExample> held = all;
        if (held != null) {
            return place < held.size() ? held.get((int) place) : null;
        }
        synchronized (lock) {
            List<HeldExample> now = all == null ? first : all; // Another pass may have come to its end.
            return place < now.size() ? now.get((int) place) : null;
        }
    }

    private HeldExample keep(long place, HeldExample example) {
        synchronized (lock) {
            if (all == null && place == first.size()) {
                first.add(example);
                if (upstream.size().orElse(-1) == first.size()) {
                    endsAt(first.size());
                }
            }
        }
        return at(place);
    }

    private void endsAt(long place) {
        synchronized (lock) {
            if (all == null && place == first.size()) {
                all = List.copyOf(first);
                first.clear();
            }
        }
    }

    /** Goes on behind what is kept. */
    private final class ResumingCursor implements Cursor {

        private final long seed;
        private final int epoch;
        private long next;
        private Cursor further;
        /** Where that one is. */
        private long position;

        private HeldExample current;

        ResumingCursor(long seed, int epoch) {
            this.seed = seed;
            this.epoch = epoch;
        }

        @Override
        public boolean advance() throws IOException {
            current = at(next);
            if (current == null && all != null) {
                current = at(next); // Another pass may have come to its end since.
            } else if (current == null && !read()) {
                current = null;
            }
            if (current == null) {
                return false;
            }
            next++;
            return true;
        }

        private boolean read() throws IOException {
            if (further == null) {
                further = upstream.open(seed, epoch);
            }
            further.skip(next - position);
            position = next;
            if (!further.advance()) {
                endsAt(next);
                return false;
            }
            position++;
            current = keep(next, HeldExample.of(columns, further.example()));
            return current != null;
        }

        @Override
        public void skip(long count) throws IOException {
            long kept;
            synchronized (lock) {
                int size = all == null ? first.size() : all.size();
                kept = Math.min(count, Math.max(0, size - next));
            }
            next += kept;
            Cursor.super.skip(count - kept); // What is read on the way is kept, too.
        }

        @Override
        public Example example() {
            return current;
        }

        @Override
        public long place() {
            return further == null ? -1 : further.place();
        }

        @Override
        public void close() throws IOException {
            if (further != null) {
                further.close();
            }
        }
    }

    /** Keeps a whole pass or nothing. */
    private final class FillingCursor implements Cursor {

        private final Cursor examples;
        private final List<HeldExample> held = new ArrayList<>();

        FillingCursor(Cursor examples) {
            this.examples = examples;
        }

        @Override
        public boolean advance() throws IOException {
            if (!examples.advance()) {
                synchronized (lock) {
                    all = all == null ? List.copyOf(held) : all;
                }
                return false;
            }
            held.add(HeldExample.of(columns, examples.example()));
            return true;
        }

        @Override
        public Example example() {
            return held.get(held.size() - 1);
        }

        @Override
        public long place() {
            return examples.place();
        }

        @Override
        public void close() throws IOException {
            examples.close();
        }
    }

    private static final class HeldCursor implements Cursor {

        private final List<HeldExample> held;
        private int next;

        HeldCursor(List<HeldExample> held) {
            this.held = held;
        }

        @Override
        public boolean advance() {
            Interrupts.check();
            if (next == held.size()) {
                return false;
            }
            next++;
            return true;
        }

        @Override
        public void skip(long count) {
            next += (int) Math.min(count, held.size() - next);
        }

        @Override
        public Example example() {
            return held.get(next - 1);
        }

        @Override
        public void close() {
            // Memory needs no closing.
        }
    }
}
