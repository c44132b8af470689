package io.github.tapeloop.loop;

import io.github.tapeloop.Fit;
import io.github.tapeloop.account.Contents;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.LearningRateFinder;
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

    private static final String SHUTDOWN = "the process is being shut down";

    private final Engine engine;
    private final FitRun run;
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

    Saving(
            Engine engine,
            FitRun run,
            Place place,
            EpochLogs epochs,
            Checkpoints when,
            RunArchive archive,
            LongSupplier nanoTime) {
        this.engine = engine;
        this.run = run;
        this.place = place;
        this.epochs = epochs;
        this.when = when;
        this.archive = archive;
        this.nanoTime = nanoTime;
        this.shutdown = new Shutdown(when.onShutdown());
    }

    /** Refuses to keep a run that is undone when it ends. */
    static void refuseWhatIsUndone(Fit options) {
        boolean finds = options.callbacks().stream().anyMatch(LearningRateFinder.class::isInstance);
        if (options.checkpoints().isPresent() && (options.isDryRun() || finds)) {
            throw new IllegalArgumentException((finds ? "A search for a learning rate" : "A dry run")
                    + " is undone when it ends, so there is nothing to go on with: leave checkpoints out");
        }
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
     */
    void stepsEnd(boolean isCutShort) {
        boundary = engine.progress().steps();
        OptionalLong every = when.everySteps();
        boolean due = every.isPresent() && place.taken() / every.getAsLong() > savedAtSteps / every.getAsLong();
        boundaryReached(due || isCutShort, Map.of(), isCutShort);
    }

    /** The last step of an epoch is over: what follows has no boundary before its end. */
    void stepsOver() {
        boundary = -1;
    }

    /**
     * Between two epochs.
     *
     * @param end of the one before
     * @param isLast whether none follows
     * @param isWhole whether it was not cut short
     */
    void epochEnds(Event.EpochEnd end, boolean isLast, boolean isWhole) {
        isBrokenOff |= !isWhole;
        boundaryReached(when.isDueAfter(end.epoch()) || isLast, end.logs(), false);
        report("running");
    }

    private void report(String state) {
        List<Event.EpochEnd> all = epochs.all();
        archive.report(
                state,
                all.stream().mapToDouble(Event.EpochEnd::epochSeconds).sum(),
                all.stream().map(Event.EpochEnd::logs).toList());
    }

    private void boundaryReached(boolean isDue, Map<String, Double> logs, boolean breaksOff) {
        boolean ends = shutdown.isAsked();
        boolean late = when.every().isPresent()
                && nanoTime.getAsLong() - savedAtNanos >= when.every().get().toNanos();
        try {
            archive.check();
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
        if (ends) {
            run.stop(SHUTDOWN);
        }
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
