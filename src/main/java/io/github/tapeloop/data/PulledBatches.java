package io.github.tapeloop.data;

import java.util.NoSuchElementException;
import java.util.Optional;

/** Keeps the rule of {@link BatchIterator} over any supply. */
final class PulledBatches implements BatchIterator {

    private enum State {
        OPEN,
        EXHAUSTED,
        CLOSED
    }

    private final BatchSupply supply;
    private State state = State.OPEN;
    private Optional<Batch> out = Optional.empty();
    private boolean waiting;

    PulledBatches(BatchSupply supply) {
        this.supply = supply;
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
                supply.close();
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
            supply.close();
        }
    }
}
