package io.github.tapeloop.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The examples of the first pass that came to its end, from the heap. Thread-safe: of passes that fill it at once, the
 * first to end wins.
 */
final class CacheSource implements PassingStage {

    private final Source upstream;
    private final AtomicReference<List<HeldExample>> cached = new AtomicReference<>();

    CacheSource(Source upstream) {
        this.upstream = upstream;
    }

    @Override
    public Source upstream() {
        return upstream;
    }

    @Override
    public OptionalLong size() {
        List<HeldExample> held = cached.get();
        return held == null ? upstream.size() : OptionalLong.of(held.size());
    }

    @Override
    public CacheSource over(Source other) {
        return new CacheSource(other);
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        List<HeldExample> held = cached.get();
        return held == null ? new FillingCursor(upstream.open(seed, epoch)) : new HeldCursor(held);
    }

    private final class FillingCursor implements Cursor {

        private final Cursor examples;
        private final List<HeldExample> held = new ArrayList<>();

        FillingCursor(Cursor examples) {
            this.examples = examples;
        }

        @Override
        public boolean advance() throws IOException {
            if (!examples.advance()) {
                cached.compareAndSet(null, List.copyOf(held));
                return false;
            }
            held.add(HeldExample.of(columns(), examples.example()));
            return true;
        }

        @Override
        public Example example() {
            return held.get(held.size() - 1);
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
