package io.github.tapeloop.callback;

import io.github.tapeloop.state.Stateful;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Stops training after a time: at the end of the batch in which it runs out. Validation still follows. */
public final class Timer implements Callback {

    private final Duration limit;
    private final LongSupplier nanoTime;
    private long start;
    private boolean running;
    /** What a run that goes on from a checkpoint had taken by then. */
    private long nanosBefore;

    /**
     * Stops after a time.
     *
     * @param limit how long a run may take, above 0; counted anew in each run, while one that goes on from a checkpoint has used up
     *     what it had by then
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
    public void saveState(Stateful.Writer out) {
        out.put("nanos", running ? nanoTime.getAsLong() - start : 0);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        nanosBefore = in.getLong("nanos"); // Time does not go back when a run does.
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        running = true;
        start = nanoTime.getAsLong() - (event.isResumed() ? nanosBefore : 0);
    }

    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        running = false;
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
