package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.OptionalLong;

/** Consecutive examples as one: their inputs stacked, the targets and the weight of the last. */
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
    public Cursor open(long seed, int epoch) throws IOException {
        int inputs = Layout.of(upstream.columns()).inputs().size();
        return new WindowCursor(upstream.open(seed, epoch), length, shift, inputs);
    }

    private record Window(Example[] examples, int inputs) implements Example {

        @Override
        public void write(int column, Buffer out) throws IOException {
            if (column >= inputs) {
                examples[examples.length - 1].write(column, out);
                return;
            }
            for (Example example : examples) {
                example.write(column, out);
            }
        }
    }

    private static final class WindowCursor implements Cursor {

        private final Cursor examples;
        private final int length;
        private final int shift;
        private final int inputs;
        private final ArrayDeque<Example> held = new ArrayDeque<>();
        private boolean started;

        WindowCursor(Cursor examples, int length, int shift, int inputs) {
            this.examples = examples;
            this.length = length;
            this.shift = shift;
            this.inputs = inputs;
        }

        @Override
        public boolean advance() throws IOException {
            if (started) {
                for (int i = 0; i < Math.min(shift, length); i++) {
                    held.remove();
                }
                examples.skip(Math.max(0, shift - length));
            }
            started = true;
            while (held.size() < length) {
                if (!examples.advance()) {
                    started = false;
                    held.clear();
                    return false;
                }
                held.add(examples.example());
            }
            return true;
        }

        @Override
        public Example example() {
            return new Window(held.toArray(Example[]::new), inputs);
        }

        @Override
        public void close() throws IOException {
            held.clear();
            examples.close();
        }
    }
}
