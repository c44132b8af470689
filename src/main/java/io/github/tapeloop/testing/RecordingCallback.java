package io.github.tapeloop.testing;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A callback that writes down what it is told, one short line an event, so that a test can compare a run with one
 * literal list. It can also act at one of them: stop the run, or throw.
 *
 * <pre>{@code
 * trainBegin 0..1 steps 3
 * epochBegin 0
 * trainBatchBegin 0
 * trainBatchEnd 0 of 4
 * testBegin
 * testBatchBegin 0
 * testBatchEnd 0 of 4
 * testEnd accuracy,loss
 * epochEnd 0 accuracy,loss,val_accuracy,val_loss 12 examples
 * trainEnd accuracy,loss stopped: enough failed: CallbackException
 * }</pre>
 */
public final class RecordingCallback implements Callback {

    private final List<String> lines = new ArrayList<>();
    private String actAt = "";
    private Consumer<Run> action = run -> {};

    /** A callback that has recorded nothing. */
    public RecordingCallback() {}

    /**
     * Does something when a line is recorded; replaces what was to be done before.
     *
     * @param line the line
     * @param doThis what to do each time
     * @return this
     */
    public RecordingCallback at(String line, Consumer<Run> doThis) {
        this.actAt = line;
        this.action = doThis;
        return this;
    }

    /**
     * What was recorded.
     *
     * @return the lines so far, in order
     */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    private void note(Run run, String line) {
        lines.add(line);
        if (line.equals(actAt)) {
            action.accept(run);
        }
    }

    private static String names(Map<String, Double> logs) {
        return String.join(",", logs.keySet());
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        note(
                run,
                "trainBegin " + event.firstEpoch() + ".." + event.epochs() + " steps "
                        + (event.steps().isPresent() ? event.steps().getAsLong() : "?"));
    }

    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        note(
                run,
                "trainEnd " + names(event.logs())
                        + event.stopReason()
                                .map(reason -> " stopped: " + reason)
                                .orElse("")
                        + event.failure()
                                .map(e -> " failed: " + e.getClass().getSimpleName())
                                .orElse(""));
    }

    @Override
    public void onEpochBegin(Run run, Event.EpochBegin event) {
        note(run, "epochBegin " + event.epoch());
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        note(run, "epochEnd " + event.epoch() + " " + names(event.logs()) + " " + event.examples() + " examples");
    }

    @Override
    public void onTrainBatchBegin(Run run, Event.BatchBegin event) {
        note(run, "trainBatchBegin " + event.batch());
    }

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        note(run, "trainBatchEnd " + event.batch() + " of " + event.examples());
    }

    @Override
    public void onTestBegin(Run run, Event.TestBegin event) {
        note(run, "testBegin");
    }

    @Override
    public void onTestEnd(Run run, Event.TestEnd event) {
        note(run, "testEnd " + names(event.logs()));
    }

    @Override
    public void onTestBatchBegin(Run run, Event.BatchBegin event) {
        note(run, "testBatchBegin " + event.batch());
    }

    @Override
    public void onTestBatchEnd(Run run, Event.BatchEnd event) {
        note(run, "testBatchEnd " + event.batch() + " of " + event.examples());
    }

    @Override
    public String toString() {
        return "RecordingCallback";
    }
}
