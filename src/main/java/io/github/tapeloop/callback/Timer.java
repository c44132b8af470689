package io.github.tapeloop.callback;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Stops training after a time: at the end of the batch in which it runs out. Validation still follows. */
public final class Timer implements Callback {

    private final Duration limit;
    private final LongSupplier nanoTime;
    private long start;

    /**
     * Stops after a time.
     *
     * @param limit how long a run may take, above 0; counted anew in each run
     */
    public Timer(Duration limit) {
        this(limit, System::nanoTime);
    }

    Timer(Duration limit, LongSupplier nanoTime) {
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("Expected a limit above 0, got " + limit);
        }
        this.limit = limit;
        this.nanoTime = nanoTime;
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        start = nanoTime.getAsLong();
    }

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        stopIfOver(run);
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        stopIfOver(run); // The validation may have taken the rest of the time.
    }

    private void stopIfOver(Run run) {
        Duration taken = Duration.ofNanos(nanoTime.getAsLong() - start);
        if (taken.compareTo(limit) >= 0) {
            run.stop("the time of " + limit.toMillis() / 1e3 + " s is over");
        }
    }

    @Override
    public String toString() {
        return "Timer";
    }
}
