package io.github.tapeloop.loop;

import io.github.tapeloop.callback.Run;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Snapshot;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;
import org.tensorflow.proto.GraphDef;

/** A run of {@link FitLoop} as callbacks see it: what they ask of the loop, and what they may change. */
final class FitRun implements Run {

    private final Engine engine;
    private final Conductor conductor;
    private boolean resting;
    /** May be asked for on another thread. */
    private final AtomicReference<String> stopReason = new AtomicReference<>();
    /** The learning rate before the first change. */
    private OptionalDouble rateBefore = OptionalDouble.empty();

    FitRun(Engine engine, Conductor conductor) {
        this.engine = engine;
        this.conductor = conductor;
    }

    /** Lets the conductor hold the run up: between two batches, and before and after an epoch. */
    void rest() {
        resting = true;
        try {
            conductor.between(Optional.empty());
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

    /** Gives the optimizer the learning rate that it had before this run, if that was changed. */
    void resetLearningRate() {
        rateBefore.ifPresent(this::setLearningRate);
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
        OptionalDouble before = rateBefore.isEmpty() ? OptionalDouble.of(learningRate()) : rateBefore;
        optimizer().setLearningRate(learningRate);
        rateBefore = before;
    }

    @Override
    public long steps() {
        return engine.progress().steps();
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
    public Map<String, GraphDef> graphs() {
        return engine.session().tracedGraphs();
    }
}
