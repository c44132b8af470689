package io.github.tapeloop.data;

import io.github.tapeloop.warning.Warnings;
import java.lang.ref.Cleaner;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * Keeps the rule of {@link BatchIterator} over any supply. The supply of an iterator that nobody can reach any more, since
 * a loop was left by {@code break}, is closed some time after the garbage collector has noticed: its threads end and its
 * files are closed.
 */
final class PulledBatches implements BatchIterator {

    private static final Cleaner FORGOTTEN = Cleaner.create();

    private enum State {
        OPEN,
        EXHAUSTED,
        CLOSED
    }

    private final BatchSupply supply;
    private final Closing closing;
    private final Cleaner.Cleanable forgotten;
    private State state = State.OPEN;
    private Optional<Batch> out = Optional.empty();
    private boolean waiting;

    PulledBatches(BatchSupply supply) {
        this.supply = supply;
        this.closing = new Closing(supply);
        this.forgotten = FORGOTTEN.register(this, closing);
    }

    /** Closes a supply on the thread of the cleaner, unless the iterator is closed in time. Does not know the iterator. */
    private static final class Closing implements Runnable {

        private final BatchSupply supply;
        private volatile boolean inTime;

        Closing(BatchSupply supply) {
            this.supply = supply;
        }

        @Override
        public void run() {
            if (!inTime) {
                Warnings.warn(
                        PulledBatches.class,
                        "A loop over batches was left early without closing their iterator: use try (BatchIterator"
                                + " batches = data.open(seed, epoch))");
                supply.close();
            }
        }
    }

    private void closeSupply() {
        closing.inTime = true;
        forgotten.clean();
        supply.close();
    }

    @Override
    public boolean hasNext() {
        if (state == State.CLOSED) {
            throw new IllegalStateException("this batch iterator was closed, by close() or because pulling a batch"
                    + " failed; open another one with Batches.open(seed, epoch)");
        }
        if (!waiting && state == State.OPEN) {
            pull();
        }
        return waiting;
    }

    @Override
    public Batch next() {
        if (!hasNext()) {
            throw new NoSuchElementException("all batches of this epoch were delivered; ask hasNext() first");
        }
        waiting = false;
        return out.orElseThrow();
    }

    private void pull() {
        out.ifPresent(Batch::close);
        out = Optional.empty();
        try {
            out = supply.pull();
            waiting = out.isPresent();
            if (!waiting) {
                state = State.EXHAUSTED;
                closeSupply();
            }
        } catch (RuntimeException | Error e) {
            closeAfter(e);
            throw e;
        }
    }

    private void closeAfter(Throwable failure) {
        try {
            close();
        } catch (RuntimeException | Error e) {
            failure.addSuppressed(e);
        }
    }

    @Override
    public void close() {
        State before = state;
        state = State.CLOSED;
        waiting = false;
        out.ifPresent(Batch::close);
        out = Optional.empty();
        if (before == State.OPEN) {
            closeSupply();
        }
    }
}
