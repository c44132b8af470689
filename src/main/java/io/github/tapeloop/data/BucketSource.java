package io.github.tapeloop.data;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Another order: as many examples of similar length as make a batch come one after the other. What is left in the buckets
 * at the end comes from the shortest to the longest.
 *
 * @param column index of the open column that is measured
 * @param boundaries longest length of each bucket but the last, ascending
 */
record BucketSource(Source upstream, int column, int batchSize, int[] boundaries) implements Stage {

    @Override
    public BucketSource over(Source other) {
        return new BucketSource(other, column, batchSize, boundaries);
    }

    @Override
    public boolean isShuffled() {
        return true;
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new BucketCursor(upstream.open(seed, epoch));
    }

    private final class BucketCursor implements Cursor {

        private final Cursor examples;
        private final List<List<Example>> buckets = new ArrayList<>();
        private final ArrayDeque<Example> ready = new ArrayDeque<>();
        private Example current;

        BucketCursor(Cursor examples) {
            this.examples = examples;
            for (int i = 0; i <= boundaries.length; i++) {
                buckets.add(new ArrayList<>());
            }
        }

        @Override
        public boolean advance() throws IOException {
            if (ready.isEmpty()) {
                fill();
            }
            if (ready.isEmpty()) {
                return false;
            }
            current = ready.remove();
            return true;
        }

        private void fill() throws IOException {
            while (examples.advance()) {
                HeldExample held = HeldExample.of(columns(), examples.example());
                List<Example> bucket = buckets.get(bucketOf(held));
                bucket.add(held);
                if (bucket.size() == batchSize) {
                    move(bucket);
                    return;
                }
            }
            buckets.forEach(this::move);
        }

        private void move(List<Example> bucket) {
            ready.addAll(bucket);
            bucket.clear();
        }

        private int bucketOf(HeldExample example) {
            Column measured = columns().get(column);
            int length = measured.dtype().length(example.elements(column)) / measured.step();
            int bucket = 0;
            while (bucket < boundaries.length && length > boundaries[bucket]) {
                bucket++;
            }
            return bucket;
        }

        @Override
        public Example example() {
            return current;
        }

        @Override
        public void close() throws IOException {
            buckets.clear();
            ready.clear();
            examples.close();
        }
    }
}
