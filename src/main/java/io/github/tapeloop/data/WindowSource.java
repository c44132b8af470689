package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Consecutive examples as one: their inputs stacked, the targets and the weight of the last. A row is read once. */
record WindowSource(Source upstream, int length, int shift) implements Stage {

    WindowSource {
        for (Column column : upstream.columns()) {
            if (column.isOpen()) {
                throw new IllegalArgumentException(
                        "a window needs examples of one length, but those of " + column + " differ");
            }
        }
    }

    @Override
    public List<Column> columns() {
        return upstream.columns().stream()
                .map(column -> column.role() == Role.INPUT ? stacked(column) : column)
                .toList();
    }

    private Column stacked(Column column) {
        return new Column(
                column.name(), column.role(), column.dtype(), column.shape().prepend(length));
    }

    @Override
    public OptionalLong size() {
        OptionalLong known = upstream.size();
        if (known.isEmpty()) {
            return known;
        }
        long examples = known.getAsLong();
        return OptionalLong.of(examples < length ? 0 : (examples - length) / shift + 1);
    }

    @Override
    public WindowSource over(Source other) {
        return new WindowSource(other, length, shift);
    }

    @Override
    public Halves split(Cut cut) {
        return isCuttable() ? cut.of(this) : Stage.super.split(cut.inOrder());
    }

    @Override
    public WindowSource cutPoint() {
        return over(upstream.rows());
    }

    @Override
    public Optional<Span> span() {
        Span row = upstream.span().orElse(Span.ROW);
        return Optional.of(new Span(row.stride() * shift, row.stride() * (length - 1) + row.extent()));
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new WindowCursor(upstream.open(seed, epoch));
    }

    private record Window(ReadOnce[] rows, int inputs) implements Example {

        @Override
        public void write(int column, Buffer out) throws IOException {
            if (column >= inputs) {
                rows[rows.length - 1].write(column, out);
                return;
            }
            for (Example row : rows) {
                row.write(column, out);
            }
        }

        @Override
        public Example toHold() throws IOException {
            for (Example row : rows) {
                row.toHold();
            }
            return this;
        }
    }

    private final class WindowCursor implements Cursor {

        private final Cursor examples;
        private final List<Column> columns = upstream.columns();
        private final int inputs = Layout.of(columns).inputs().size();
        private final ArrayDeque<ReadOnce> held = new ArrayDeque<>();
        /** How many rows the next window begins after the first that is held. */
        private long ahead;

        WindowCursor(Cursor examples) {
            this.examples = examples;
        }

        @Override
        public boolean advance() throws IOException {
            for (; ahead > 0 && !held.isEmpty(); ahead--) {
                held.remove();
            }
            examples.skip(ahead);
            while (held.size() < length) {
                if (!examples.advance()) {
                    held.clear();
                    return false;
                }
                held.add(new ReadOnce(columns, examples.example()));
            }
            ahead = shift;
            return true;
        }

        @Override
        public void skip(long count) {
            ahead = count > (Long.MAX_VALUE - ahead) / shift ? Long.MAX_VALUE : ahead + count * shift;
        }

        @Override
        public Example example() {
            return new Window(held.toArray(ReadOnce[]::new), inputs);
        }

        @Override
        public void close() throws IOException {
            held.clear();
            examples.close();
        }
    }
}
