package io.github.tapeloop.callback;

/**
 * Stops training when the loss is NaN or infinite. It reads the loss after every batch, which waits for the step to end;
 * for steps of well under a millisecond that costs some speed.
 */
public final class TerminateOnNaN implements Callback {

    /** Watches the loss of every batch. */
    public TerminateOnNaN() {}

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        Double loss = event.logs().get("loss");
        if (loss != null && !Double.isFinite(loss)) {
            run.stop("the loss is " + loss + " after batch " + (event.batch() + 1));
        }
    }
}
