package io.github.tapeloop.data;

import io.github.tapeloop.settings.Seeds;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.OptionalLong;

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
            total += size.getAsLong();
        }
        return OptionalLong.of(total);
    }

    @Override
    public boolean ordered() {
        return upstreams.stream().allMatch(Source::ordered);
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
