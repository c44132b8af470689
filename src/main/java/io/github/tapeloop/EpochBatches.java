package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * Opens the training data once an epoch, or, when epochs have a fixed number of steps, goes on where the last one ended.
 * Batches come in groups of as many as one execution takes steps.
 */
final class EpochBatches implements AutoCloseable {

    /** Steps taken singly to learn how long one takes; the first ones warm up. */
    private static final int TIMED = 40;

    private static final long EXECUTION_NANOS = 50_000_000;
    private static final int MOST_STEPS = 512;

    private final Batches batches;
    private final long seed;
    private final OptionalLong stepsPerEpoch;
    private final ExecutionSize size;
    private BatchIterator current;

    EpochBatches(Batches batches, long seed, OptionalLong stepsPerEpoch, ExecutionSize size) {
        this.batches = batches;
        this.seed = seed;
        this.stepsPerEpoch = stepsPerEpoch;
        this.size = size;
    }

    BatchIterator forEpoch(int epoch) {
        if (current == null || stepsPerEpoch.isEmpty() || !current.hasNext()) {
            close();
            current = open(epoch);
        }
        return current;
    }

    private BatchIterator open(int epoch) {
        if (stepsPerEpoch.isPresent()) {
            return batches.grouped(size.within(stepsPerEpoch.getAsLong())).open(seed, epoch);
        }
        return size.isKnown()
                ? batches.grouped(size.steps()).open(seed, epoch)
                : new Timed(epoch, batches.take(TIMED).open(seed, epoch));
    }

    @Override
    public void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }

    /** Single batches, whose steps are timed from pull to pull; then the rest of the epoch in groups. */
    private final class Timed implements BatchIterator {

        private final int epoch;
        private final long[] pulled = new long[TIMED];
        private BatchIterator part;
        private int count;
        private boolean grouped;

        Timed(int epoch, BatchIterator first) {
            this.epoch = epoch;
            this.part = first;
        }

        @Override
        public boolean hasNext() {
            if (!part.hasNext() && !grouped) {
                part.close();
                if (count == TIMED) {
                    size.set((int) Math.max(1, Math.min(MOST_STEPS, EXECUTION_NANOS / medianStepNanos())));
                }
                part = batches.skip(TIMED).grouped(size.steps()).open(seed, epoch);
                grouped = true;
            }
            return part.hasNext();
        }

        @Override
        public Batch next() {
            hasNext();
            if (!grouped) {
                pulled[count++] = System.nanoTime();
            }
            return part.next();
        }

        private long medianStepNanos() {
            long[] steps = new long[TIMED / 2];
            for (int i = 0; i < steps.length; i++) {
                steps[i] = pulled[TIMED - 1 - i] - pulled[TIMED - 2 - i];
            }
            Arrays.sort(steps);
            return Math.max(1, steps[steps.length / 2]);
        }

        @Override
        public void close() {
            part.close();
        }
    }
}
