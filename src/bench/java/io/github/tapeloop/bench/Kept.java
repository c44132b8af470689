package io.github.tapeloop.bench;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batches;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * {@code Trainer.fit} with a checkpoint after every so many steps, forced to the disk that holds {@code java.io.tmpdir}. What the end of a run
 * has to write is not counted, so steps are to go on for a while after the last checkpoint among them.
 */
final class Kept implements Contestant {

    private final Workload workload;
    private final Trainer trainer;
    private final long everySteps;
    private int handles;

    /** @param everySteps how many steps are between two checkpoints; 0 for none */
    Kept(Workload workload, long everySteps) {
        this.workload = workload;
        this.trainer = Ours.trainer(workload, Ours.Mode.STEP);
        this.everySteps = everySteps;
    }

    @Override
    public double microsPerStep(int steps) {
        Batches batches = Workload.data()
                .repeat(1 + steps * workload.batch / Workload.EXAMPLES)
                .batch(workload.batch)
                .take(steps)
                .prefetch(4);
        try {
            Path directory = Files.createTempDirectory("kept");
            try {
                Fit options = Fit.epochs(1);
                if (everySteps > 0) {
                    options = options.checkpoints(Checkpoints.in(directory).everySteps(everySteps));
                }
                int before = trainer.session().liveHandles();
                Event.EpochEnd epoch = trainer.fit(batches, options).epochs().get(0);
                handles = trainer.session().liveHandles() - before;
                return epoch.trainSeconds() * 1e6 / epoch.steps();
            } finally {
                delete(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many handles the last measurement has left behind. */
    int handles() {
        return handles;
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Override
    public void close() {
        trainer.close();
    }
}
