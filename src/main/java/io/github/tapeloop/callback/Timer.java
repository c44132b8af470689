package io.github.tapeloop.callback;

import java.time.Duration;

/** Stops training after a time: at the end of the batch in which it runs out. Validation still follows. */
public final class Timer implements Callback {

    private final Duration limit;

    /**
     * Stops after a time.
     *
     * @param limit how long a run may take, above 0, pauses left out; counted anew in each run, while one that goes on from a
     *     checkpoint has used up what it had by then
     */
    public Timer(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("Expected a limit above 0, got " + limit);
        }
        this.limit = limit;
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
        if (run.seconds() >= limit.toSeconds() + limit.getNano() / 1e9) {
            run.stop("the time of " + limit.toMillis() / 1e3 + " s is over");
        }
    }

    @Override
    public String toString() {
        return "Timer";
    }
}
