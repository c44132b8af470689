package io.github.tapeloop.loop;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.store.Checkpoint;
import io.github.tapeloop.store.CheckpointDirectory;
import io.github.tapeloop.store.Fingerprint;
import io.github.tapeloop.store.Moment;
import io.github.tapeloop.store.Retention;
import io.github.tapeloop.store.RunReport;
import io.github.tapeloop.warning.Warnings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** The archive of a run on disk, as {@link Checkpoints} says. */
public final class DirectoryArchive implements RunArchive {

    private final Checkpoints options;
    private final CheckpointDirectory directory;
    private final Fingerprint fingerprint;
    private final String settings;

    private DirectoryArchive(
            Checkpoints options, CheckpointDirectory directory, Fingerprint fingerprint, String settings) {
        this.options = options;
        this.directory = directory;
        this.fingerprint = fingerprint;
        this.settings = settings;
    }

    /**
     * Opens the directory, for this writer alone.
     *
     * @param fingerprint what a run that goes on must agree in
     * @param settings what is run, as text
     * @param higherIsBetter which way what is measured should go, by its name
     * @throws CheckpointException if it holds checkpoints and the run is not to go on with them, or cannot be written to
     */
    public static DirectoryArchive open(
            Checkpoints options,
            Fingerprint fingerprint,
            String settings,
            Function<String, Optional<Boolean>> higherIsBetter) {
        CheckpointDirectory directory =
                CheckpointDirectory.open(options.directory(), retention(options, higherIsBetter));
        if (!options.resumes() && !directory.checkpoints().isEmpty()) {
            directory.close();
            throw new CheckpointException("Expected a directory without checkpoints, got " + options.directory()
                    + ", which has some: go on with them by Checkpoints.in(…).resume(), or give each run a directory of its"
                    + " own");
        }
        return new DirectoryArchive(options, directory, fingerprint, settings);
    }

    private static Retention retention(Checkpoints options, Function<String, Optional<Boolean>> higherIsBetter) {
        Retention kept = Retention.newest().last(options.keepLast());
        if (options.keepEvery().isPresent()) {
            kept = kept.every(options.keepEvery().getAsLong());
        }
        for (Map.Entry<String, Integer> best : options.keepBest().entrySet()) {
            boolean up = higherIsBetter
                    .apply(best.getKey())
                    .orElseThrow(() -> new IllegalArgumentException("keepBest cannot tell whether '" + best.getKey()
                            + "' should go up or down, since it is neither the loss nor a metric: keep the best by one of"
                            + " these"));
            kept = kept.best(best.getKey(), best.getValue(), up);
        }
        return kept;
    }

    @Override
    public Optional<Contents> latest() {
        Optional<Checkpoint> newest = directory.latest();
        newest.ifPresent(checkpoint -> {
            try {
                fingerprint.requireSame(checkpoint, options.allowed());
            } catch (CheckpointException e) {
                checkpoint.close();
                throw e;
            }
        });
        return newest.map(Checkpoint::contents);
    }

    @Override
    public CompletionStage<Path> save(long steps, Map<String, Double> logs, Contents contents) {
        try {
            await(); // As save does; but that the one before has failed is no reason to leave this one out.
        } catch (CheckpointException e) {
            contents.close();
            throw e;
        }
        List<CompletionStage<Path>> begun = new ArrayList<>(1);
        tolerantly(() -> begun.add(directory.save(new Moment(steps, logs, fingerprint.values(), contents))));
        return begun.isEmpty()
                ? CompletableFuture.failedFuture(
                        new CheckpointException("The checkpoint before could not be written, which was warned of"))
                : begun.get(0);
    }

    @Override
    public void report(String state, double seconds, List<Map<String, Double>> epochs) {
        tolerantly(() -> directory.report(new RunReport(state, settings, fingerprint.values(), seconds, epochs)));
    }

    @Override
    public void check() {
        tolerantly(directory::check);
    }

    @Override
    public void await() {
        tolerantly(directory::flush);
    }

    /** A failure ends the run, or is warned of, as the options say. */
    private void tolerantly(Runnable work) {
        try {
            work.run();
        } catch (CheckpointException e) {
            if (!options.warnsOfFailure()) {
                throw e;
            }
            Warnings.warn(DirectoryArchive.class, e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        tolerantly(directory::close);
    }
}
