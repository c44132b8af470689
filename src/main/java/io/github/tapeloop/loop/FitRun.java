package io.github.tapeloop.loop;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Snapshot;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.tensorflow.proto.GraphDef;

/** A run of {@link FitLoop} as callbacks see it: what they ask of the loop, and what they may change. */
final class FitRun implements Run, ValueState {

    private final Engine engine;
    private final Conductor conductor;
    private final Place place;
    private boolean resting;
    /** May be asked for on another thread. */
    private final AtomicReference<String> stopReason = new AtomicReference<>();

    FitRun(Engine engine, Conductor conductor, Place place) {
        this.engine = engine;
        this.place = place;
        this.conductor = conductor;
    }

    /** Lets the conductor hold the run up: between two batches, and before and after an epoch. */
    void rest() {
        rest(Optional.empty(), false);
    }

    /** Lets the conductor hold the run up where it can be saved, and save it. */
    void rest(Optional<Saving> saving) {
        rest(saving.map(checkpoints -> checkpoints::saveNow), true);
    }

    private void rest(Optional<Supplier<CompletionStage<Path>>> saving, boolean isBoundary) {
        resting = true;
        try {
            conductor.between(saving, isBoundary);
        } finally {
            resting = false;
        }
    }

    /** Whether the conductor holds the run up. */
    boolean isResting() {
        return resting;
    }

    /** Whether not even a validation is to begin or go on: the thread was interrupted, or the trainer is being closed. */
    boolean isCutShort() {
        return Thread.currentThread().isInterrupted() || conductor.isClosing();
    }

    /** Whether the loop is to stop: somebody asked, or its thread was interrupted. */
    boolean stopsNow() {
        if (Thread.currentThread().isInterrupted()) {
            stop("interrupted");
        }
        if (conductor.isClosing()) {
            stop("closed");
        }
        return stopReason.get() != null;
    }

    @Override
    public void stop(String reason) {
        stopReason.compareAndSet(null, Objects.requireNonNull(reason, "reason: why the run is to stop"));
    }

    @Override
    public Optional<String> stopReason() {
        return Optional.ofNullable(stopReason.get());
    }

    @Override
    public Model model() {
        return engine.model();
    }

    @Override
    public boolean hasLearningRate() {
        return engine.optimizer().isPresent();
    }

    @Override
    public double learningRate() {
        return optimizer().learningRate();
    }

    private Optimizer optimizer() {
        return engine.optimizer()
                .orElseThrow(() -> new IllegalStateException(
                        "This trainer's step brings its own optimizers, so there is no learning rate: give the builder"
                                + " the one that callbacks may change by optimizer(…)"));
    }

    @Override
    public void useAverages(boolean inPlace) {
        if (!engine.bringsOptimizers()) {
            engine.weights().requireAverages();
        }
        engine.weights().averages(inPlace);
    }

    @Override
    public boolean averagesInPlace() {
        return engine.weights().averagesInPlace();
    }

    @Override
    public Snapshot weights(boolean averages) {
        return engine.weights().keep(engine.model().variables(), averages);
    }

    @Override
    public void setLearningRate(double learningRate) {
        optimizer().setLearningRate(learningRate);
    }

    @Override
    public long steps() {
        return engine.progress().steps();
    }

    @Override
    public double seconds() {
        return place.runSeconds();
    }

    @Override
    public Optional<Boolean> higherIsBetter(String name) {
        return engine.trainScores().higherIsBetter(name);
    }

    @Override
    public Snapshot snapshot() {
        return engine.state().snapshot();
    }

    @Override
    public void save(Path directory, boolean weightsOnly) {
        SavedState.save(engine, directory, weightsOnly);
    }

    @Override
    public Map<String, GraphDef> graphs() {
        return engine.session().tracedGraphs();
    }

    /** A stop that somebody asked for ends the run in another process, too. */
    @Override
    public void saveState(Writer out) {
        stopReason().ifPresent(reason -> out.put("stop_reason", reason));
    }

    @Override
    public void loadState(Reader in) {
        stopReason.set(in.has("stop_reason") ? in.getString("stop_reason") : null);
    }
}
