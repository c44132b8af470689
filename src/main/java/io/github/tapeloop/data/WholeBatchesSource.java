package io.github.tapeloop.data;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.OptionalLong;

/** The examples of another source but for those at its end that fill no batch, where their number is not known before. */
record WholeBatchesSource(Source upstream, int batchSize) implements Stage {

    @Override
    public OptionalLong size() {
        return OptionalLong.empty();
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new WholeCursor(upstream.open(seed, epoch));
    }

    private final class WholeCursor implements Cursor {

        private final Cursor examples;
        private final ArrayDeque<Example> batch = new ArrayDeque<>();
        private Example current;
        private boolean ended;

        WholeCursor(Cursor examples) {
            this.examples = examples;
        }

        @Override
        public boolean advance() throws IOException {
            if (batch.isEmpty()) {
                fill();
            }
            current = batch.poll();
            return current != null;
        }

        private void fill() throws IOException {
            while (!ended && batch.size() < batchSize) {
                if (examples.advance()) {
                    batch.add(examples.example());
                } else {
                    ended = true;
                    batch.clear();
                }
            }
        }

        @Override
        public Example example() {
            return current;
        }

        @Override
        public void close() throws IOException {
            batch.clear();
            examples.close();
        }
    }
}
