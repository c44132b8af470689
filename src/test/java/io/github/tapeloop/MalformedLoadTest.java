package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.store.Damage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A checkpoint that is damaged, or made to do harm, is taken over as a whole or not at all. */
class MalformedLoadTest {

    private static final Batches DATA = Problems.batches(16, 8);

    @TempDir
    private Path directory;

    @Test
    void aTrainerIsAsItWasAfterAHundredDamagedCheckpoints() throws IOException {
        damage(100);
    }

    @Test
    @Tag("slow")
    void aTrainerIsAsItWasAfterTenThousandDamagedCheckpoints() throws IOException {
        damage(10_000);
    }

    private void damage(int tries) throws IOException {
        Path damaged = directory.resolve("damaged");
        Path whole = directory.resolve("whole");
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(DATA, Fit.epochs(1));
            trainer.save(damaged);
            trainer.fit(DATA, Fit.epochs(1));
            trainer.save(whole);
            Map<String, Object> before = Everything.of(trainer);
            Damage damage = new Damage(newest(damaged), new Random(7));
            int refused = 0;
            for (int i = 0; i < tries; i++) {
                damage.make();
                try {
                    trainer.load(damaged);
                    assertTrue(damage.isSealed() || !damage.isThere(), "damage was not noticed");
                    trainer.load(whole);
                } catch (CheckpointException e) {
                    refused++;
                }
                assertEquals(before, Everything.of(trainer));
                damage.mend();
            }
            System.out.printf("%d checkpoints damaged: %d refused, none half-loaded%n", tries, refused);
            assertTrue(refused > tries / 2, refused + " of " + tries + " were refused");
            trainer.fit(DATA, Fit.epochs(1));
        }
    }

    @Test
    void aRunIsRefusedAsAWholeByTwentyDamagedCheckpoints() throws IOException {
        damageRuns(20);
    }

    @Test
    @Tag("slow")
    void aRunIsRefusedAsAWholeByAThousandDamagedCheckpoints() throws IOException {
        damageRuns(1_000);
    }

    /** Of a run that had ended, so that one which goes on returns its history. */
    private void damageRuns(int tries) throws IOException {
        Path run = directory.resolve("run");
        Fit kept = Fit.epochs(1)
                .callbacks(new EarlyStopping("loss").restoreBest())
                .checkpoints(Checkpoints.in(run).resume());
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(DATA, kept);
        }
        Damage damage = new Damage(newest(run), new Random(9));
        int refused = 0;
        try (Trainer trainer = Problems.trainer()) {
            for (int i = 0; i < tries; i++) {
                trainer.fit(DATA, Fit.epochs(1));
                Map<String, Object> before = Everything.of(trainer);
                damage.make();
                try {
                    trainer.fit(DATA, kept);
                    assertTrue(damage.isSealed() || !damage.isThere(), "damage was not noticed");
                } catch (CheckpointException e) {
                    refused++;
                    assertEquals(before, Everything.of(trainer));
                }
                damage.mend();
            }
        }
        System.out.printf("%d runs damaged: %d refused%n", tries, refused);
        assertTrue(refused > tries / 2, refused + " of " + tries + " were refused");
    }

    static Stream<Named<Supplier<Optimizer>>> optimizers() {
        return Stream.of(
                Named.of("schedule-free", () -> new ScheduleFreeAdamW(0.03)),
                Named.of("averages", () -> new Adam(0.03).with(MovingAverage.of(0.9))));
    }

    private static Trainer trainer(int units, boolean trainable, Supplier<Optimizer> optimizer) {
        return Problems.trainerOf(Sequential.of(new Dense(units).trainable(trainable), new Dense(Problems.CLASSES)))
                .optimizer(optimizer.get())
                .threads(1, 1)
                .seed(5)
                .build();
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void aCheckpointOfAnotherModelChangesNothing(Supplier<Optimizer> optimizer) {
        Path good = directory.resolve("good");
        Path other = directory.resolve("other");
        Path run = directory.resolve("run");
        Fit kept = Fit.epochs(1).checkpoints(Checkpoints.in(run).resume().allowing("session"));
        // In the middle of an epoch the weights to train on are in place, and another layer is frozen.
        Callback save = Callback.trainBatchEnd((each, event) -> each.save(other, false));
        try (Trainer wide = trainer(9, false, optimizer)) {
            wide.fit(DATA, kept.callbacks(save));
        }
        try (Trainer trained = trainer(8, true, optimizer)) {
            trained.fit(DATA, Fit.epochs(1));
            trained.save(good);
            Map<String, Object> before = Everything.of(trained);
            assertThrows(CheckpointException.class, () -> trained.load(other));
            assertEquals(before, Everything.of(trained));
            assertThrows(CheckpointException.class, () -> trained.fit(DATA, kept));
            assertEquals(before, Everything.of(trained));
        }
        try (Trainer fresh = trainer(8, true, optimizer)) {
            Map<String, Object> before = ofTheLoop(fresh);
            fresh.load(other); // There is nothing to compare it with yet.
            assertThrows(CheckpointException.class, () -> fresh.predict(DATA));
            assertEquals(before, ofTheLoop(fresh));
            assertThrows(CheckpointException.class, () -> fresh.fit(DATA, Fit.epochs(1)));
            assertEquals(before, ofTheLoop(fresh));
            fresh.load(good);
            fresh.predict(DATA);
        }
    }

    /** What is beside the variables, which a step has to make before they can be compared. */
    private static Map<String, Object> ofTheLoop(Trainer trainer) {
        Map<String, Object> values = new TreeMap<>(trainer.state().values());
        values.keySet().removeIf(path -> !path.startsWith("loop/"));
        return values;
    }

    private static Path newest(Path saved) throws IOException {
        try (Stream<Path> all = Files.list(saved)) {
            return all.filter(Files::isDirectory).findFirst().orElseThrow();
        }
    }
}
