package io.github.tapeloop.data;

import io.github.tapeloop.settings.Seeds;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Several sources of the same columns: one after the other, or in turns of a few examples each. Those that take turns are
 * open at once.
 *
 * @param turn how many examples of one source come before the next has its turn; {@link Long#MAX_VALUE} for all
 */
record JoinedSource(List<Source> upstreams, long turn) implements Source {

    JoinedSource {
        upstreams = List.copyOf(upstreams);
        List<Column> first = upstreams.get(0).columns();
        for (Source other : upstreams) {
            if (!other.columns().equals(first)) {
                throw new IllegalArgumentException("only datasets of the same columns can be joined, but one has "
                        + first + " and another " + other.columns());
            }
        }
    }

    @Override
    public List<Column> columns() {
        return upstreams.get(0).columns();
    }

    @Override
    public OptionalLong size() {
        long total = 0;
        for (Source upstream : upstreams) {
            OptionalLong size = upstream.size();
            if (size.isEmpty()) {
                return size;
            }
            total = size.getAsLong() > Long.MAX_VALUE - total ? Long.MAX_VALUE : total + size.getAsLong();
        }
        return OptionalLong.of(total);
    }

    private JoinedSource over(UnaryOperator<Source> change) {
        return new JoinedSource(upstreams.stream().map(change).toList(), turn);
    }

    @Override
    public Halves split(Cut cut) {
        if (isCuttable() && (size().isPresent() || !upstreams.stream().allMatch(Source::canDraw))) {
            return cut.of(this);
        }
        Cut each = shareRows() ? cut.alike() : cut;
        List<Halves> halves =
                upstreams.stream().map(upstream -> upstream.split(each)).toList();
        return new Halves(
                new JoinedSource(halves.stream().map(Halves::first).toList(), turn),
                new JoinedSource(halves.stream().map(Halves::second).toList(), turn));
    }

    /** Datasets of the same rows are cut alike, or one's first part would have rows of the other's second. */
    private boolean shareRows() {
        boolean some = false;
        for (int i = 0; i < upstreams.size(); i++) {
            for (int j = 0; j < i; j++) {
                Source one = upstreams.get(i);
                Source other = upstreams.get(j);
                boolean both = share(one, other);
                if (both && !one.cutPoint().equals(other.cutPoint())) {
                    throw new IllegalStateException(
                            "split() of joined datasets that read the same rows, but not all of"
                                    + " them, would put rows into both parts; call split() before they are made of one dataset");
                }
                some |= both;
            }
        }
        return some;
    }

    private static boolean share(Source one, Source other) {
        Set<Source> origins = new HashSet<>();
        one.addOrigins(origins);
        Set<Source> others = new HashSet<>();
        other.addOrigins(others);
        return !Collections.disjoint(origins, others);
    }

    @Override
    public boolean isCuttable() {
        Set<Source> seen = new HashSet<>();
        for (Source upstream : upstreams) {
            Set<Source> origins = new HashSet<>();
            upstream.addOrigins(origins);
            if (!upstream.isCuttable() || upstream.span().isPresent() || !Collections.disjoint(seen, origins)) {
                return false;
            }
            seen.addAll(origins);
        }
        return true;
    }

    @Override
    public boolean isShuffled() {
        return upstreams.stream().anyMatch(Source::isShuffled);
    }

    @Override
    public boolean isResumable() {
        return upstreams.stream().allMatch(Source::isResumable);
    }

    @Override
    public boolean isInMemory() {
        return upstreams.stream().allMatch(Source::isInMemory);
    }

    @Override
    public boolean canDraw() {
        return upstreams.stream().allMatch(Source::canDraw);
    }

    @Override
    public Optional<Span> span() {
        return upstreams.stream()
                .flatMap(upstream -> upstream.span().stream())
                .max(Comparator.comparing(Span::overlap));
    }

    @Override
    public Source plain() {
        JoinedSource plain = over(Source::plain);
        return plain.equals(this) ? this : plain;
    }

    @Override
    public Source cached() {
        return plain() == this ? new CacheSource(this) : over(Source::cached);
    }

    @Override
    public OptionalLong seedOfList() {
        return upstreams.stream()
                .flatMapToLong(upstream -> upstream.seedOfList().stream())
                .findFirst();
    }

    @Override
    public void addOrigins(Set<Source> origins) {
        upstreams.forEach(upstream -> upstream.addOrigins(origins));
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        JoinedCursor cursor = new JoinedCursor(seed, epoch);
        if (turn < Long.MAX_VALUE) {
            cursor.openAll();
        }
        return cursor;
    }

    private final class JoinedCursor implements Cursor {

        private final long seed;
        private final int epoch;
        private final ArrayDeque<Cursor> opened = new ArrayDeque<>();
        private int next;
        private long taken;
        private Example current;

        JoinedCursor(long seed, int epoch) {
            this.seed = seed;
            this.epoch = epoch;
        }

        private void openAll() throws IOException {
            try {
                while (next < upstreams.size()) {
                    openNext();
                }
            } catch (IOException | RuntimeException | Error e) {
                closeAfter(e);
                throw e;
            }
        }

        private void closeAfter(Throwable failure) {
            try {
                close();
            } catch (IOException | RuntimeException e) {
                failure.addSuppressed(e);
            }
        }

        private void openNext() throws IOException {
            // Equal datasets must not be shuffled alike.
            opened.add(upstreams.get(next).open(Seeds.mix(seed, next), epoch));
            next++;
        }

        @Override
        public boolean advance() throws IOException {
            while (true) {
                if (opened.isEmpty()) {
                    if (next == upstreams.size()) {
                        return false;
                    }
                    openNext();
                }
                if (taken == turn) {
                    opened.add(opened.remove());
                    taken = 0;
                }
                if (opened.peek().advance()) {
                    current = opened.peek().example();
                    taken++;
                    return true;
                }
                opened.remove().close();
                taken = 0;
            }
        }

        @Override
        public Example example() {
            return current;
        }

        @Override
        public void close() throws IOException {
            next = upstreams.size();
            Cursors.closeAll(opened);
        }
    }
}
