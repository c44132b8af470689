package io.github.tapeloop;

import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;

/** Opens the training data once an epoch, or, when epochs have a fixed number of steps, goes on where the last one ended. */
final class EpochBatches implements AutoCloseable {

    private final Batches batches;
    private final long seed;
    private final boolean continuing;
    private BatchIterator current;

    EpochBatches(Batches batches, long seed, boolean continuing) {
        this.batches = batches;
        this.seed = seed;
        this.continuing = continuing;
    }

    BatchIterator forEpoch(int epoch) {
        if (current == null || !continuing || !current.hasNext()) {
            close();
            current = batches.open(seed, epoch);
        }
        return current;
    }

    @Override
    public void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
