package io.github.tapeloop.checkpoint;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.store.Checkpoint;
import io.github.tapeloop.store.CheckpointDirectory;
import io.github.tapeloop.store.Fingerprint;
import io.github.tapeloop.store.Moment;
import io.github.tapeloop.store.Retention;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Checkpoints for a loop of one's own: what {@link Checkpoints} does for {@code fit}. Each part of the state is named once; from then
 * on all of them are saved together and taken back together.
 *
 * <pre>{@code
 * long[] step = {0};
 * try (CheckpointStore store = CheckpointStore.open(session, Path.of("runs/mine"))) {
 *     store.put("model", model)
 *             .put("optimizer", optimizer)
 *             .put("loop", out -> out.put("step", step[0]), in -> step[0] = in.getLong("step"));
 *     model.call(ForwardPass.inference(tf), anInput);   // makes the weights that resume() is going to fill
 *     store.resume();
 *     while (step[0] < 10_000) {
 *         trainStep(step[0]++);
 *         if (step[0] % 500 == 0) {
 *             store.save(step[0]);
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>The weights of a model must exist when {@link #resume} is called, so that all of them can be compared. What the first step makes
 * besides, the moments of an optimizer for example, need not: its value waits for it.
 *
 * <p>It is used by the thread that uses the session. {@link #save} takes the values there, which copies nothing, and another thread
 * writes them while training goes on; memory for a second set of weights is needed meanwhile.
 */
public final class CheckpointStore implements AutoCloseable {

    private static final int LAST = 3;

    private final TapeSession session;
    private final CheckpointDirectory directory;
    private final TrainingState state;
    private final Map<String, Model> models = new LinkedHashMap<>();
    private int keepLast = LAST;
    private Retention others = Retention.newest();
    private Set<String> allowed = Set.of();
    private boolean begun;

    private CheckpointStore(TapeSession session, CheckpointDirectory directory) {
        this.session = session;
        this.directory = directory;
        this.state = new TrainingState(session);
    }

    /**
     * Opens a directory to save to, for this writer alone; unless said otherwise the last three checkpoints are kept.
     *
     * @param session has the variables
     * @param directory of this run alone; made if need be
     * @return a store of no part yet, to be closed by the caller
     * @throws CheckpointException if another writer has it open, which is named, or if it cannot be written to
     */
    public static CheckpointStore open(TapeSession session, Path directory) {
        Objects.requireNonNull(session, "session");
        return new CheckpointStore(session, CheckpointDirectory.open(directory, Retention.all()));
    }

    /**
     * Names a part.
     *
     * @param role what it is, the same in the next process: {@code model}
     * @param part a model, an optimizer, a metric, anything that tells its state
     * @return this
     * @throws IllegalArgumentException if the role is taken
     * @throws IllegalStateException after {@link #resume} or {@link #save}
     */
    public CheckpointStore put(String role, Stateful part) {
        requireUnused("put");
        state.register(role, part);
        if (part instanceof Model model) {
            models.put(role, model);
        }
        return this;
    }

    /**
     * Names a part of small values: counters, flags, numbers, text.
     *
     * @param role what it is, the same in the next process: {@code loop}
     * @param save writes them
     * @param load takes them back
     * @return this
     * @throws IllegalArgumentException if the role is taken
     * @throws IllegalStateException after {@link #resume} or {@link #save}
     */
    public CheckpointStore put(String role, Consumer<Stateful.Writer> save, Consumer<Stateful.Reader> load) {
        requireUnused("put");
        state.register(role, save, load);
        return this;
    }

    /**
     * Keeps the last checkpoints; those that no rule keeps are deleted, but never the newest.
     *
     * @param count how many, at least 1; 3 unless set. With 1 there is none to fall back on, should the newest be damaged
     * @return this
     */
    public CheckpointStore keepLast(int count) {
        requireUnused("a rule of what to keep");
        keepLast = Require.atLeast(1, "keepLast", count);
        return this;
    }

    /**
     * Keeps the best checkpoints as well.
     *
     * @param score a name of those given to {@link #save(long, Map)}
     * @param count how many, at least 1
     * @param higherIsBetter which way it should go
     * @return this
     */
    public CheckpointStore keepBest(String score, int count, boolean higherIsBetter) {
        return keep(others.best(Objects.requireNonNull(score, "score"), count, higherIsBetter));
    }

    /**
     * Keeps the first checkpoint at or after every so many steps for good as well.
     *
     * @param steps at least 1
     * @return this
     */
    public CheckpointStore keepEvery(long steps) {
        return keep(others.every(steps));
    }

    private CheckpointStore keep(Retention more) {
        requireUnused("a rule of what to keep");
        others = more;
        return this;
    }

    /**
     * Goes on although the session differs from the one that was saved from, on whose seed, threads and device the numbers depend.
     *
     * @param names as the exception has them: {@code session}
     * @return this
     */
    public CheckpointStore allowing(String... names) {
        requireUnused("allowing");
        allowed = Set.copyOf(Arrays.asList(names));
        return this;
    }

    private void requireUnused(String what) {
        if (begun) {
            throw new IllegalStateException(
                    "This store has saved or resumed already: call " + what + " before it does");
        }
    }

    private void begin() {
        if (!begun) {
            begun = true;
            directory.retention(others.last(keepLast));
        }
    }

    /**
     * Gives all parts the state of the newest checkpoint; one that is damaged is passed over with a warning that says why.
     *
     * @return the step that it was saved with, or empty if there is none, and the loop begins
     * @throws CheckpointException if parts, names, shapes, types or the session differ, with all differences in one message, or if
     *     no checkpoint can be read; nothing is changed
     * @throws IllegalStateException if there is a checkpoint, and a model has not been called yet
     */
    public OptionalLong resume() {
        begin();
        try (Checkpoint checkpoint = directory.latest().orElse(null)) {
            if (checkpoint == null) {
                return OptionalLong.empty();
            }
            fingerprint().requireSame(checkpoint, allowed);
            models.forEach((role, model) -> requireWeights(role, model, checkpoint.contents()));
            state.restore(checkpoint.contents());
            return OptionalLong.of(checkpoint.step());
        }
    }

    /** A weight of which there is none here would wait for ever, and the one that is there in its place would begin anew. */
    private void requireWeights(String role, Model model, Contents contents) {
        if (!contents.has(role)) {
            return; // It is said with all other differences.
        }
        if (model.variables().size() == 0
                && !contents.parts().get(role).tensors().isEmpty()) {
            throw new IllegalStateException(
                    "The model '" + role + "' has no weights yet, since a layer makes them when it is"
                            + " first called: call it once before resume()");
        }
        Set<String> missing = new TreeSet<>(contents.parts().get(role).tensors().keySet());
        missing.removeAll(state.allVariables().keySet());
        if (!missing.isEmpty()) {
            throw new CheckpointException("Expected a checkpoint of the model '" + role + "', got one with " + missing
                    + " besides, so nothing was changed: build the same layers, with the names they had");
        }
    }

    private Fingerprint fingerprint() {
        return Fingerprint.empty()
                .with(
                        "session",
                        session,
                        "open it with the seed, threads and device it had, or go on all the same by allowing(\"session\")");
    }

    /**
     * Saves all parts as they are now, while the caller goes on.
     *
     * @param step how many steps were taken until then, at least 0
     * @return done with the checkpoint's directory when it is on the disk
     * @throws CheckpointException if the one before could not be written and nobody was told; earlier ones are as they were
     * @throws IllegalStateException if the directory had checkpoints and {@link #resume} was not called, so that no run is
     *     mistaken for another
     */
    public CompletableFuture<Path> save(long step) {
        return save(step, Map.of());
    }

    /**
     * As {@link #save(long)}, with scores to keep the best by.
     *
     * @param step how many steps were taken until then, at least 0
     * @param scores what was measured, by name
     * @return done with the checkpoint's directory when it is on the disk
     */
    public CompletableFuture<Path> save(long step, Map<String, Double> scores) {
        if (step < 0) {
            throw new IllegalArgumentException("Expected a step of at least 0, got " + step);
        }
        if (!begun && !directory.checkpoints().isEmpty()) {
            throw new IllegalStateException(directory + " has checkpoints already: call resume() before the loop"
                    + " begins, or give each run a directory of its own");
        }
        begin();
        return directory.save(new Moment(step, scores, fingerprint().values(), state.capture()));
    }

    /**
     * Waits until all is on the disk.
     *
     * @throws CheckpointException if something could not be written and nobody was told
     */
    public void flush() {
        directory.flush();
    }

    /**
     * Waits until all is on the disk, and lets another writer in. The session may be closed before.
     *
     * @throws CheckpointException as {@link #flush}; it is closed all the same
     */
    @Override
    public void close() {
        directory.close();
    }

    /** Names the directory. */
    @Override
    public String toString() {
        return "CheckpointStore[" + directory + "]";
    }
}
