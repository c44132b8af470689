package io.github.tapeloop.loop;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.execution.Execution;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.store.Checkpoint;
import io.github.tapeloop.store.CheckpointDirectory;
import io.github.tapeloop.store.Moment;
import io.github.tapeloop.store.Retention;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The state of a trainer outside of a run, on its way to a directory and from there. A trainer that has made no variables yet takes
 * over what was saved when it sees its first batch.
 */
public final class SavedState {

    private static final String MODEL = "model";
    private static final String LOOP = "loop";

    private final Engine engine;
    /** What is to be taken over; null if nothing waits. */
    private Path waiting;
    /** Weights of the model that an earlier call of this trainer made before it failed. */
    private Parameters made = Parameters.of();

    /** @param engine whose state */
    public SavedState(Engine engine) {
        this.engine = engine;
    }

    /**
     * Saves the state now, in place of what was saved there before.
     *
     * @param weightsOnly whether to save the model alone
     */
    public static void save(Engine engine, Path directory, boolean weightsOnly) {
        try (CheckpointDirectory saved = CheckpointDirectory.open(directory, Retention.newest())) {
            Contents all = engine.state().capture();
            Contents some = all.only(role -> weightsOnly ? role.equals(MODEL) : isOwn(role));
            saved.save(new Moment(engine.progress().steps(), Map.of(), Map.of(), some))
                    .whenComplete((path, failure) -> all.close());
        }
    }

    /** Saves some weights of the model now, in place of what was saved there before. */
    public static void saveWeights(Engine engine, Path directory, Parameters some) {
        try (CheckpointDirectory saved = CheckpointDirectory.open(directory, Retention.newest())) {
            Contents weights = account(engine, some).capture();
            saved.save(new Moment(engine.progress().steps(), Map.of(), Map.of(), weights))
                    .whenComplete((path, failure) -> weights.close());
        }
    }

    /** Takes over the weights of the model that were saved, which are some of those here, and nothing else. */
    public static void loadWeights(Engine engine, Path directory, Parameters some) {
        try (Checkpoint saved = CheckpointDirectory.read(directory)) {
            account(engine, some).restore(saved.contents().only(MODEL::equals));
        }
    }

    /** @throws IllegalArgumentException if there are none, or one is not of the model */
    private static TrainingState account(Engine engine, Parameters some) {
        Parameters all = engine.model().variables();
        if (some.size() == 0) {
            throw new IllegalArgumentException("Expected some weights of model '"
                    + engine.model().path() + "', got none: "
                    + (all.size() == 0
                            ? "build the trainer before, trainer.build(…), which makes them"
                            : "give model.variables(), or some of them"));
        }
        for (Variable<?> weight : some) {
            if (!all.names().contains(weight.name()) || all.get(weight.name()) != weight) {
                throw new IllegalArgumentException(
                        "Expected weights of model '" + engine.model().path() + "', got " + weight + " besides");
            }
        }
        TrainingState account = new TrainingState(engine.session());
        account.register(MODEL, () -> some);
        return account;
    }

    /** Takes over what was saved, or has it wait; everything in it is read and checked now. */
    public void load(Path directory) {
        try (Checkpoint saved = CheckpointDirectory.read(directory)) {
            boolean hasVariables = engine.model().variables().size() > 0;
            waiting = hasVariables ? null : directory;
            made = Parameters.of();
            if (hasVariables) {
                restore(own(saved));
            }
        }
    }

    /** Takes over what waits, when the model has its weights. */
    public void settle(Runnable build) {
        requireOwn();
        build.run();
        if (waiting != null) {
            load(waiting);
        }
    }

    /** Drops what waits rather than overwrite weights that another trainer, of a model that shares them, has made and may have trained. */
    private void requireOwn() {
        Path directory = waiting;
        if (directory != null && !engine.model().variables().equals(made)) {
            waiting = null;
            throw new IllegalStateException("What was loaded from " + directory + " waited for the weights of model '"
                    + engine.model().path()
                    + "'. Meanwhile somebody else has made some of them, a trainer of a model that shares"
                    + " layers for example, so it is not taken over, which would undo what that has trained. Build the"
                    + " model, trainer.build(…), and load again, before such trainers train");
        }
    }

    /** Takes over what waits, before a call works on some batches. */
    public void settle(Supplier<Execution> way, Batches data) {
        if (waiting != null) {
            try (BatchIterator batches = data.open(engine.session().seed(), 0)) {
                if (batches.hasNext()) {
                    settle(way, batches.next());
                }
            }
        }
    }

    /** Takes over what waits, before a call works on a batch, which makes the variables. */
    public void settle(Supplier<Execution> way, Batch batch) {
        if (waiting == null) {
            return;
        }
        requireOwn();
        try (Checkpoint saved = CheckpointDirectory.read(waiting)) {
            Contents own = own(saved);
            if (own.has(LOOP)) {
                engine.takeOver(own, () -> engine.build(way.get(), batch));
            } else {
                engine.build(way.get(), batch);
                restore(own);
            }
            waiting = null;
        } finally {
            made = engine.model().variables();
        }
    }

    private void restore(Contents own) {
        if (own.has(LOOP)) {
            engine.restore(own);
        } else {
            engine.state().restore(own, MODEL::equals);
        }
    }

    private static Contents own(Checkpoint saved) {
        return saved.contents().only(SavedState::isOwn);
    }

    /** Whether it is no part that only the run knows. */
    private static boolean isOwn(String role) {
        return !role.startsWith("run/") && !role.startsWith("callbacks/");
    }
}
