package io.github.tapeloop.callback;

import io.github.tapeloop.layer.Model;
import io.github.tapeloop.state.Snapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.tensorflow.proto.GraphDef;

/** A run without a model: what callbacks ask for is written down. */
final class FakeRun implements Run {

    double learningRate = 0.1;
    /** How often it was set, be it to what it was. */
    int ratesSet;

    long steps;
    double seconds;
    /** What was saved. */
    final List<String> saved = new ArrayList<>();

    private String stopReason;

    @Override
    public void stop(String reason) {
        Objects.requireNonNull(reason, "reason");
        if (stopReason == null) {
            stopReason = reason;
        }
    }

    @Override
    public Optional<String> stopReason() {
        return Optional.ofNullable(stopReason);
    }

    @Override
    public Model model() {
        throw new UnsupportedOperationException("this run has no model");
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    @Override
    public double learningRate() {
        return learningRate;
    }

    @Override
    public void setLearningRate(double rate) {
        this.learningRate = rate;
        ratesSet++;
    }

    @Override
    public void useAverages(boolean inPlace) {
        if (inPlace) {
            throw new UnsupportedOperationException("this run has no averages");
        }
    }

    @Override
    public boolean averagesInPlace() {
        return false;
    }

    @Override
    public Snapshot weights(boolean averages) {
        throw new UnsupportedOperationException("this run has no variables");
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public double seconds() {
        return seconds;
    }

    @Override
    public Optional<Boolean> higherIsBetter(String name) {
        return Optional.ofNullable(Map.of("loss", false, "val_loss", false, "accuracy", true, "val_accuracy", true)
                .get(name));
    }

    @Override
    public void save(Path directory, boolean weightsOnly) {
        saved.add(directory + (weightsOnly ? " weights" : ""));
    }

    @Override
    public Snapshot snapshot() {
        throw new UnsupportedOperationException("this run has no variables");
    }

    @Override
    public Map<String, GraphDef> graphs() {
        return Map.of();
    }

    /** Begins a run of a callback. */
    void begin(Callback callback) {
        stopReason = null;
        callback.onTrainBegin(this, Event.TrainBegin.of(0, 100, OptionalLong.empty()));
    }

    /** An epoch as the loop tells it: what the callback adds to the logs is in them. */
    Map<String, Double> epoch(Callback callback, int epoch, Map<String, Double> measured) {
        callback.onEpochBegin(this, Event.EpochBegin.of(epoch));
        Map<String, Double> logs = new TreeMap<>(measured);
        logs.putAll(callback.epochLogs(this, epoch));
        callback.onEpochEnd(this, Event.EpochEnd.of(epoch, logs, 1, 1, 1, 1));
        return logs;
    }

    /** Ends a run of a callback. */
    void end(Callback callback) {
        callback.onTrainEnd(this, Event.TrainEnd.of(Map.of(), stopReason(), Optional.empty()));
    }

    /** Epochs with one value each, until the callback asks to stop: the number of epochs run. */
    int run(Callback callback, String name, double... values) {
        begin(callback);
        int epochs = 0;
        while (epochs < values.length && stopReason == null) {
            epoch(callback, epochs, Map.of(name, values[epochs]));
            epochs++;
        }
        end(callback);
        return epochs;
    }
}
