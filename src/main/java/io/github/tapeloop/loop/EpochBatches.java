package io.github.tapeloop.loop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.execution.ExecutionSize;
import java.util.OptionalLong;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * The batches of training, epoch by epoch: the data is opened once an epoch, or, when epochs have a fixed number of steps,
 * goes on where the last one ended. Batches come in groups of as many as one execution takes steps, single ones as long as
 * that has to be found; a group never reaches over the end of an epoch, and one whose batches differ in padded length comes in
 * parts.
 */
final class EpochBatches implements AutoCloseable {

    private final Batches batches;
    private final long seed;
    private final OptionalLong stepsPerEpoch;
    private final ExecutionSize size;
    private final LongSupplier nanoTime;
    private BatchIterator current;

    EpochBatches(Batches batches, long seed, OptionalLong stepsPerEpoch, ExecutionSize size, LongSupplier nanoTime) {
        this.batches = batches;
        this.seed = seed;
        this.stepsPerEpoch = stepsPerEpoch;
        this.size = size;
        this.nanoTime = nanoTime;
    }

    /** The batches of an epoch, in the given order if the data has to be opened for it. */
    BatchIterator forEpoch(int order) {
        if (current == null || !current.hasNext()) { // A pass that has ended has closed itself.
            current = new Timed(batches.grouped(new Groups()).open(seed, order));
        }
        size.interrupted();
        return current;
    }

    /** Goes on at an epoch where one long run would be then, if the size of the data is known and passes span epochs. */
    void goOn(int epoch) {
        if (stepsPerEpoch.isEmpty() || batches.size().isEmpty()) {
            return;
        }
        long all = batches.size().getAsLong();
        int order = 0;
        long taken = 0;
        for (int earlier = 0; earlier < epoch; earlier++) {
            if (taken >= all) {
                order = earlier;
                taken = 0;
            }
            taken = Math.min(all, taken + stepsPerEpoch.getAsLong());
        }
        if (taken > 0 && taken < all) {
            current = new Timed(batches.skip(taken).grouped(new Groups()).open(seed, order));
        }
    }

    @Override
    public void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }

    /** Says how many batches the next group has; asked by the thread that assembles them, in their order. */
    private final class Groups implements IntSupplier {

        private long given;

        @Override
        public int getAsInt() {
            int steps = size.steps();
            if (stepsPerEpoch.isPresent()) {
                steps = (int) Math.min(steps, stepsPerEpoch.getAsLong() - given);
                given = (given + steps) % stepsPerEpoch.getAsLong();
            }
            return steps;
        }
    }

    /** Single batches are timed from pull to pull until it is known how many an execution takes. */
    private final class Timed implements BatchIterator {

        private final BatchIterator pass;

        Timed(BatchIterator pass) {
            this.pass = pass;
        }

        @Override
        public boolean hasNext() {
            return pass.hasNext();
        }

        @Override
        public Batch next() {
            Batch batch = pass.next();
            size.stepBegins(nanoTime.getAsLong());
            return batch;
        }

        @Override
        public void close() {
            pass.close();
        }
    }
}
