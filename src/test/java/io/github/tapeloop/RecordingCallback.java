package io.github.tapeloop;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Writes down what it is told, one short line an event, and can be told to do something at one of them. */
final class RecordingCallback implements Callback {

    private final List<String> lines = new ArrayList<>();
    private String actAt = "";
    private Consumer<Run> action = run -> {};

    RecordingCallback at(String line, Consumer<Run> doThis) {
        this.actAt = line;
        this.action = doThis;
        return this;
    }

    List<String> lines() {
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
}
