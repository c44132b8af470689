package io.github.tapeloop.checkpoint;

import io.github.tapeloop.settings.Require;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where a run of {@code fit} keeps its state, and when, so that it can be killed at any moment and started again. Immutable: each
 * method returns a changed copy.
 *
 * <pre>{@code
 * Fit.epochs(20).validation(test).checkpoints(Checkpoints.in(Path.of("runs/mnist")).resume().everySteps(500).keepLast(3))
 * }</pre>
 *
 * <p>The program that made a run is started again to go on with it: it builds the same trainer, gives {@code fit} the same data
 * and callbacks, and the run goes on from its newest checkpoint as if it had never stopped. On the same kind of machine, with the
 * same threads and the same data, that is so to the last bit: weights, history, files of callbacks, the decision to stop. A run that had come to its
 * end returns its history at once.
 *
 * <p>What is not in the trainer cannot be kept: a {@code Random} of the user's own in a {@code map} (there is
 * {@code row.seed()}), a stream that cannot be read again, fields of a callback without {@code saveState}.
 */
public final class Checkpoints {

    private static final int LAST = 3;

    private final Path directory;
    private boolean resume;
    private long everySteps;
    private int everyEpochs;
    private Duration every;
    private Duration onShutdown;
    private boolean onFailure;
    private boolean warnsOfFailure;
    private int keepLast = LAST;
    private long keepEvery;
    private Map<String, Integer> keepBest = Map.of();
    private Set<String> allowed = Set.of();

    private Checkpoints(Path directory) {
        this.directory = directory;
    }

    private Checkpoints(Checkpoints other) {
        this.directory = other.directory;
        this.resume = other.resume;
        this.everySteps = other.everySteps;
        this.everyEpochs = other.everyEpochs;
        this.every = other.every;
        this.onShutdown = other.onShutdown;
        this.onFailure = other.onFailure;
        this.warnsOfFailure = other.warnsOfFailure;
        this.keepLast = other.keepLast;
        this.keepEvery = other.keepEvery;
        this.keepBest = other.keepBest;
        this.allowed = other.allowed;
    }

    /**
     * Keeps checkpoints in a directory: unless said otherwise one after each epoch, and of them the last three.
     *
     * @param directory of this run alone; made if need be
     * @return options
     */
    public static Checkpoints in(Path directory) {
        return new Checkpoints(Objects.requireNonNull(directory, "directory"));
    }

    /**
     * Goes on with the newest checkpoint of the directory, or begins if there is none. Without it a directory that has checkpoints
     * is refused, so that no run is mistaken for another.
     *
     * @return changed options
     */
    public Checkpoints resume() {
        Checkpoints changed = new Checkpoints(this);
        changed.resume = true;
        return changed;
    }

    /**
     * Keeps a checkpoint whenever so many steps were taken; where several are taken in one call, at the end of the call.
     *
     * @param steps at least 1
     * @return changed options
     */
    public Checkpoints everySteps(long steps) {
        Checkpoints changed = new Checkpoints(this);
        changed.everySteps = Require.atLeast(1, "everySteps", steps);
        return changed;
    }

    /**
     * Keeps a checkpoint after every so many epochs. The end of the run is always kept.
     *
     * @param epochs at least 1; 1 if neither this nor steps nor time are set
     * @return changed options
     */
    public Checkpoints everyEpochs(int epochs) {
        Checkpoints changed = new Checkpoints(this);
        changed.everyEpochs = Require.atLeast(1, "everyEpochs", epochs);
        return changed;
    }

    /**
     * Keeps a checkpoint after the first step that ends so long after the last one.
     *
     * @param time above 0
     * @return changed options
     */
    public Checkpoints every(Duration time) {
        Checkpoints changed = new Checkpoints(this);
        changed.every = requirePositive("every", time);
        return changed;
    }

    /**
     * Keeps a checkpoint when the process is asked to end, by SIGTERM or {@code System.exit}: at the end of the step in flight. The
     * end of the process waits for it; its exit code is what it would be (143 after SIGTERM). If no step ends in time, since a
     * validation is running for example, the last checkpoint stays the newest.
     *
     * @param most how long the end of the process waits at most, above 0: less than the time after which it would be killed, 30 s
     *     on Kubernetes
     * @return changed options
     */
    public Checkpoints onShutdown(Duration most) {
        Checkpoints changed = new Checkpoints(this);
        changed.onShutdown = requirePositive("onShutdown", most);
        return changed;
    }

    /**
     * Keeps a checkpoint when a step or the data fails, of the moment before: a run that goes on tries that step again. After other
     * failures, of a callback for example, the last checkpoint stays the newest.
     *
     * @return changed options
     */
    public Checkpoints onFailure() {
        Checkpoints changed = new Checkpoints(this);
        changed.onFailure = true;
        return changed;
    }

    /**
     * Goes on without a checkpoint that could not be written, since the disk is full for example, with a warning that says why. The
     * next one is tried again. Otherwise the run fails.
     *
     * @return changed options
     */
    public Checkpoints warnOfFailure() {
        Checkpoints changed = new Checkpoints(this);
        changed.warnsOfFailure = true;
        return changed;
    }

    /**
     * Keeps the last checkpoints; those that no rule keeps are deleted, but never the newest.
     *
     * @param count how many, at least 1; 3 unless set. With 1 there is none to fall back on, should the newest be damaged
     * @return changed options
     */
    public Checkpoints keepLast(int count) {
        Checkpoints changed = new Checkpoints(this);
        changed.keepLast = Require.atLeast(1, "keepLast", count);
        return changed;
    }

    /**
     * Keeps the best checkpoints that were made after an epoch as well.
     *
     * @param name {@code val_loss} or another name in the logs: the loss, or a metric that has a better and a worse
     * @param count how many, at least 1
     * @return changed options
     */
    public Checkpoints keepBest(String name, int count) {
        Checkpoints changed = new Checkpoints(this);
        Map<String, Integer> best = new TreeMap<>(keepBest);
        best.put(Objects.requireNonNull(name, "name"), Require.atLeast(1, "keepBest", count));
        changed.keepBest = Map.copyOf(best);
        return changed;
    }

    /**
     * Keeps the first checkpoint after every so many steps for good as well.
     *
     * @param steps at least 1
     * @return changed options
     */
    public Checkpoints keepEvery(long steps) {
        Checkpoints changed = new Checkpoints(this);
        changed.keepEvery = Require.atLeast(1L, "keepEvery", steps);
        return changed;
    }

    /**
     * Goes on although something differs on which the numbers of the run depend: then it is another run from there on. Unless
     * allowed, a difference is an exception that lists all.
     *
     * @param names as the exception has them: {@code threads}
     * @return changed options
     */
    public Checkpoints allowing(String... names) {
        Checkpoints changed = new Checkpoints(this);
        changed.allowed = Set.of(names);
        return changed;
    }

    private static Duration requirePositive(String option, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException("Expected " + option + " above 0, got " + value);
        }
        return value;
    }

    /**
     * Where checkpoints are kept.
     *
     * @return the directory
     */
    public Path directory() {
        return directory;
    }

    /**
     * Whether to go on with a checkpoint.
     *
     * @return true after {@link #resume}
     */
    public boolean resumes() {
        return resume;
    }

    /**
     * After how many steps to keep a checkpoint.
     *
     * @return the number, or empty
     */
    public OptionalLong everySteps() {
        return everySteps == 0 ? OptionalLong.empty() : OptionalLong.of(everySteps);
    }

    /**
     * Whether to keep a checkpoint after an epoch.
     *
     * @param epoch which, from 0
     * @return true if it is due
     */
    public boolean isDueAfter(int epoch) {
        int epochs = everyEpochs == 0 && everySteps == 0 && every == null ? 1 : everyEpochs;
        return epochs > 0 && (epoch + 1) % epochs == 0;
    }

    /**
     * After which time to keep a checkpoint.
     *
     * @return the time, or empty
     */
    public Optional<Duration> every() {
        return Optional.ofNullable(every);
    }

    /**
     * How long the end of the process waits for a checkpoint.
     *
     * @return the time, or empty if it is not asked for
     */
    public Optional<Duration> onShutdown() {
        return Optional.ofNullable(onShutdown);
    }

    /**
     * Whether to keep a checkpoint when a step fails.
     *
     * @return true after {@link #onFailure}
     */
    public boolean savesOnFailure() {
        return onFailure;
    }

    /**
     * Whether a checkpoint that could not be written is warned of.
     *
     * @return true after {@link #warnOfFailure()}; otherwise the run fails
     */
    public boolean warnsOfFailure() {
        return warnsOfFailure;
    }

    /**
     * How many of the last checkpoints to keep.
     *
     * @return the number
     */
    public int keepLast() {
        return keepLast;
    }

    /**
     * How many of the best checkpoints to keep.
     *
     * @return the number by the name of what is measured
     */
    public Map<String, Integer> keepBest() {
        return keepBest;
    }

    /**
     * After how many steps to keep a checkpoint for good.
     *
     * @return the number, or empty
     */
    public OptionalLong keepEvery() {
        return keepEvery == 0 ? OptionalLong.empty() : OptionalLong.of(keepEvery);
    }

    /**
     * What may differ.
     *
     * @return names
     */
    public Set<String> allowed() {
        return allowed;
    }

    /** Names the directory. */
    @Override
    public String toString() {
        return "Checkpoints[" + directory + (resume ? ", resume" : "") + "]";
    }
}
