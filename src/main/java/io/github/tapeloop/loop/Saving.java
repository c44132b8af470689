package io.github.tapeloop.loop;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.state.CheckpointException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/**
 * When a run keeps its state: between two steps, when all have heard of the one before, and between two epochs; never inside a
 * step, a validation or a round of callbacks, where some have heard of a thing and others have not.
 */
final class Saving {

    private final Engine engine;
    private final Place place;
    private final EpochLogs epochs;
    private final Checkpoints when;
    private final RunArchive archive;
    private final Shutdown shutdown;
    private final LongSupplier nanoTime;
    private long savedAtSteps;
    private long savedAtNanos;
    /** The steps of the trainer at the last boundary; -1 after the last step of an epoch. */
    private long boundary = -1;
    /** Whether what follows is not the run's own course, since it is being broken off. */
    private boolean isBrokenOff;

    Saving(Engine engine, Place place, EpochLogs epochs, Checkpoints when, RunArchive archive, LongSupplier nanoTime) {
        this.engine = engine;
        this.place = place;
        this.epochs = epochs;
        this.when = when;
        this.archive = archive;
        this.nanoTime = nanoTime;
        this.shutdown = new Shutdown(when.onShutdown());
    }

    /** The checkpoint to go on with; to be closed by the caller. */
    Optional<Contents> latest() {
        return archive.latest();
    }

    /** The run begins, or goes on, here. */
    void begin() {
        savedAtSteps = place.taken();
        savedAtNanos = nanoTime.getAsLong();
        shutdown.listen();
        epochBegins();
    }

    /** All have heard that an epoch begins. */
    void epochBegins() {
        boundary = engine.progress().steps();
    }

    /**
     * Between two steps.
     *
     * @param isCutShort whether the run is about to end though nobody in it has asked for that
     * @return whether the process is about to end
     */
    boolean stepsEnd(boolean isCutShort) {
        boundary = engine.progress().steps();
        OptionalLong every = when.everySteps();
        boolean due = every.isPresent() && place.taken() / every.getAsLong() > savedAtSteps / every.getAsLong();
        return boundaryReached(due || isCutShort, Map.of(), isCutShort);
    }

    /** The last step of an epoch is over: what follows has no boundary before its end. */
    void stepsOver() {
        boundary = -1;
    }

    /**
     * Between two epochs.
     *
     * @param epoch which has ended
     * @param isLast whether none follows
     * @param isWhole whether it was not cut short
     * @return whether the process is about to end
     */
    boolean epochEnds(int epoch, Map<String, Double> logs, boolean isLast, boolean isWhole) {
        isBrokenOff |= !isWhole;
        boolean ends = boundaryReached(when.isDueAfter(epoch) || isLast, logs, false);
        report("running");
        return ends;
    }

    private void report(String state) {
        List<Event.EpochEnd> all = epochs.all();
        archive.report(
                state,
                all.stream().mapToDouble(Event.EpochEnd::epochSeconds).sum(),
                all.stream().map(Event.EpochEnd::logs).toList());
    }

    private boolean boundaryReached(boolean isDue, Map<String, Double> logs, boolean breaksOff) {
        boolean ends = shutdown.isAsked();
        boolean late = when.every().isPresent()
                && nanoTime.getAsLong() - savedAtNanos >= when.every().get().toNanos();
        try {
            if (!isBrokenOff && (isDue || late || ends)) {
                save(logs);
            }
            if (ends) {
                archive.await();
            }
        } finally {
            if (ends) {
                shutdown.done();
            }
        }
        isBrokenOff |= ends || breaksOff;
        return ends;
    }

    private CompletionStage<Path> save(Map<String, Double> logs) {
        savedAtSteps = place.taken();
        savedAtNanos = nanoTime.getAsLong();
        return archive.save(place.taken(), logs, engine.state().capture());
    }

    /**
     * Keeps the state now, at a boundary, since somebody asks for it.
     *
     * @return done when it is kept
     */
    CompletionStage<Path> saveNow() {
        if (engine.progress().steps() == 0) {
            throw new IllegalStateException("This run has not taken a step yet, so there is nothing to go on with");
        }
        return save(Map.of());
    }

    /** The run has failed: if nothing has changed since the last boundary, that is kept. */
    void failed(Throwable failure) {
        boolean unchanged = boundary > 0 && boundary == engine.progress().steps();
        boolean isOurs = failure instanceof CallbackException || failure instanceof CheckpointException;
        try {
            if (when.savesOnFailure() && unchanged && !isBrokenOff && !isOurs) {
                save(Map.of());
            }
            report("failed: " + failure);
            archive.await();
        } catch (RuntimeException e) {
            if (e != failure) {
                failure.addSuppressed(e);
            }
        } finally {
            shutdown.end();
        }
    }

    /** The run has come to its end: waits until all is kept. */
    void end(Optional<String> stopReason) {
        try {
            report(stopReason.map(reason -> "stopped: " + reason).orElse("ended"));
            archive.await();
        } finally {
            shutdown.end();
        }
    }
}
