package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.store.Checkpoint;
import io.github.tapeloop.store.CheckpointDirectory;
import io.github.tapeloop.testing.RecordingCallback;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose checkpoints cannot be written any more ends at once, or goes on with a warning if that was asked for. */
class UnwritableCheckpointsTest {

    private static final int EPOCHS = 5;

    private final RecordingCallback recording = new RecordingCallback();

    @TempDir
    private Path temp;

    /** Takes the lock of the directory away after an epoch, and perhaps brings it back after another. */
    private final class Thief implements Callback {
        private final int back;

        Thief(int back) {
            this.back = back;
        }

        @Override
        public void onEpochBegin(Run run, Event.EpochBegin event) {
            try {
                if (event.epoch() == 1) {
                    Files.move(run().resolve(".lock"), temp.resolve("stolen"));
                } else if (event.epoch() == back) {
                    Files.move(temp.resolve("stolen"), run().resolve(".lock"));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private Path run() {
        return temp.resolve("run");
    }

    private History fit(Trainer trainer, Checkpoints checkpoints, int back) {
        return trainer.fit(
                Problems.batches(8, 4),
                Fit.epochs(EPOCHS).callbacks(recording, new Thief(back)).checkpoints(checkpoints));
    }

    private static double[] losses(History history) {
        return history.values("loss").stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Test
    void theRunEndsAtTheNextBoundaryAndWhatWasKeptBeforeStays() {
        try (Trainer trainer = Problems.trainer()) {
            CheckpointException no = assertThrows(
                    CheckpointException.class,
                    () -> fit(trainer, Checkpoints.in(run()).everySteps(1), 99));
            assertTrue(no.getMessage().contains("could not be written to " + run()), no.getMessage());
            List<String> lines = recording.lines();
            assertTrue(lines.get(lines.size() - 1).startsWith("trainEnd"), lines::toString);
            assertTrue(lines.size() < 2 * 6 + 4, "it did not go on for long: " + lines);
        }
        try (Checkpoint before = CheckpointDirectory.read(run())) {
            // Whether that of the end of the epoch is whole when the lock goes is up to the thread that writes.
            assertTrue(
                    before.step() == 1 || before.step() == 2, "the newest before the lock went, not " + before.step());
        }
    }

    @Test
    void withAWarningTheRunIsTheOneThatHadNoneAndTriesAgain() {
        double[] expected;
        try (Trainer trainer = Problems.trainer()) {
            expected = losses(trainer.fit(Problems.batches(8, 4), Fit.epochs(EPOCHS)));
        }
        try (Trainer trainer = Problems.trainer()) {
            History history = fit(trainer, Checkpoints.in(run()).everySteps(1).warnOfFailure(), EPOCHS - 1);
            assertArrayEquals(expected, losses(history));
            assertTrue(
                    history.warnings().stream().anyMatch(text -> text.contains("could not be written to " + run())),
                    history.warnings()::toString);
        }
        try (Checkpoint newest = CheckpointDirectory.read(run())) {
            assertEquals(2 * EPOCHS, newest.step());
        }
    }
}
