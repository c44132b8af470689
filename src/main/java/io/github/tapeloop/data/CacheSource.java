package io.github.tapeloop.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Examples from the heap once they were read. Where the order below is that of data which lies still, each example is kept
 * as soon as a pass comes by it, and the next pass goes on behind the last; of others the first pass that comes to its end is
 * kept, and passes that are open at once are one: they give the same order as later ones do. Thread-safe: whoever is the
 * first to need an example reads it.
 */
final class CacheSource implements PassingStage {

    private static final int FILLING_EPOCH = 0;

    private final Source upstream;
    private final List<Column> columns;
    private final Object lock = new Object();
    /** The first examples, guarded by {@code lock}. */
    private final List<Kept> first = new ArrayList<>();
    /** The pass that fills it where only a whole one is kept, or null; guarded by {@code lock}. */
    private Filling filling;
    /** All of them, as soon as they are known. */
    private volatile List<Kept> all;

    /**
     * An example, and where it was.
     *
     * @param place as its cursor said it, so that rows keep their numbers; -1 if it did not
     */
    private record Kept(HeldExample example, long place) {}

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
        List<Kept> held = all;
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
        List<Kept> held = all;
        if (held != null) {
            return new HeldCursor(held);
        }
        // What fills it must not depend on when that happens: a run that goes on in another process fills it again.
        return upstream.isResumable()
                ? new ResumingCursor(seed, FILLING_EPOCH)
                : new FillingCursor(joined(seed, FILLING_EPOCH));
    }

    private Filling joined(long seed, int epoch) throws IOException {
        synchronized (lock) {
            if (filling != null) {
                filling.users++;
                return filling;
            }
        }
        Filling own = new Filling(upstream.open(seed, epoch));
        Filling other;
        synchronized (lock) {
            other = filling;
            filling = other == null ? own : other;
            filling.users++;
        }
        if (other != null) { // It was opened meanwhile.
            own.examples.close();
        }
        return other == null ? own : other;
    }

    /** The kept example of a place, or null. */
    private Kept at(long place) {
        List<Kept> held = all;
        if (held != null) {
            return place < held.size() ? held.get((int) place) : null;
        }
        synchronized (lock) {
            List<Kept> now = all == null ? first : all; // Another pass may have come to its end.
            return place < now.size() ? now.get((int) place) : null;
        }
    }

    private Kept keep(long place, Kept example) {
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

        private Kept current;

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
            current = keep(next, new Kept(HeldExample.of(columns, further.example()), further.place()));
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
            return current.example();
        }

        @Override
        public long place() {
            return current != null ? current.place() : further == null ? -1 : further.place();
        }

        @Override
        public void close() throws IOException {
            if (further != null) {
                further.close();
            }
        }
    }

    /** A pass that is kept when it has come to its end, and that all take part in who are open until then. */
    private final class Filling {

        private final Cursor examples;
        private final ReentrantLock turn = new ReentrantLock();
        private final List<Kept> held = new ArrayList<>();
        private boolean ended;
        private Exception failure;
        /** Guarded by {@code lock}. */
        private int users;

        Filling(Cursor examples) {
            this.examples = examples;
        }

        /** The example of a place, or null behind the last. */
        Kept at(int place) throws IOException {
            try {
                turn.lockInterruptibly();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw WorkerThreads.interrupted("a batch", e);
            }
            try {
                return place < held.size() ? held.get(place) : next();
            } finally {
                turn.unlock();
            }
        }

        private Kept next() throws IOException {
            if (failure != null) {
                throw new IOException("another pass over the same cache failed: " + failure.getMessage(), failure);
            }
            try {
                ended = ended || !examples.advance();
                if (ended) {
                    synchronized (lock) {
                        all = all == null ? List.copyOf(held) : all;
                    }
                    return null;
                }
                Kept example = new Kept(HeldExample.of(columns, examples.example()), examples.place());
                held.add(example);
                return example;
            } catch (IOException | RuntimeException e) {
                failure = e; // Behind it an example would be missing.
                leave(0);
                throw e;
            }
        }

        /** Where the pass is, which messages say. */
        long place() {
            turn.lock();
            try {
                return examples.place();
            } finally {
                turn.unlock();
            }
        }

        /** No other pass takes part from now on where one has failed, or nobody is left. */
        private boolean leave(int count) {
            synchronized (lock) {
                users -= count;
                if (filling == this && (users == 0 || failure != null)) {
                    filling = null;
                }
                return users == 0;
            }
        }

        void close() throws IOException {
            if (leave(1)) {
                examples.close();
            }
        }
    }

    /** Its own way through a pass that several may be on. */
    private static final class FillingCursor implements Cursor {

        private final Filling filling;
        private int next;
        private Kept current;
        private boolean closed;

        FillingCursor(Filling filling) {
            this.filling = filling;
        }

        @Override
        public boolean advance() throws IOException {
            Interrupts.check();
            current = null;
            current = filling.at(next);
            if (current == null) {
                return false;
            }
            next++;
            return true;
        }

        @Override
        public Example example() {
            return current.example();
        }

        @Override
        public long place() {
            return current != null ? current.place() : filling.place();
        }

        @Override
        public void close() throws IOException {
            if (!closed) {
                closed = true;
                filling.close();
            }
        }
    }

    private static final class HeldCursor implements Cursor {

        private final List<Kept> held;
        private int next;

        HeldCursor(List<Kept> held) {
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
            return held.get(next - 1).example();
        }

        @Override
        public long place() {
            return next == 0 ? -1 : held.get(next - 1).place();
        }

        @Override
        public void close() {
            // Memory needs no closing.
        }
    }
}
