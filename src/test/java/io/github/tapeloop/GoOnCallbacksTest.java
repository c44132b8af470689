package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.LearningRateFinder;
import io.github.tapeloop.callback.LossCurvePlot;
import io.github.tapeloop.callback.ModelCheckpoint;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.callback.TensorBoard;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Stateful;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run that goes on tells and is told: callbacks remember, files are cut back, what has ended has ended. */
class GoOnCallbacksTest {

    private static final Batches DATA = Problems.clusters(40).shuffle(40).batch(8);
    private static final Batches VALIDATION = Problems.batches(20, 10);

    @TempDir
    private Path directory;

    private Checkpoints checkpoints() {
        return Checkpoints.in(directory.resolve("run"))
                .resume()
                .everySteps(1)
                .everyEpochs(1)
                .keepLast(99);
    }

    private static Trainer trainer() {
        return Problems.trainer();
    }

    /** Fails in the batch after some, as if the process were killed there. */
    private static Callback killAfter(int steps) {
        int[] left = {steps};
        return new Callback() {
            @Override
            public void onTrainBatchBegin(Run run, Event.BatchBegin event) {
                if (left[0]-- == 0) {
                    throw new IllegalStateException("killed");
                }
            }
        };
    }

    private History kill(int steps, Fit fit) {
        try (Trainer trainer = trainer()) {
            assertThrows(CallbackException.class, () -> trainer.fit(DATA, fit.callbacks(killAfter(steps))));
        }
        try (Trainer trainer = trainer()) {
            return trainer.fit(DATA, fit);
        }
    }

    /** Counts, and writes down what it hears. */
    private static final class Counting implements Callback {
        private final List<String> heard;
        private long batches;

        Counting(List<String> heard) {
            this.heard = heard;
        }

        @Override
        public void saveState(Stateful.Writer out) {
            out.put("batches", batches);
        }

        @Override
        public void loadState(Stateful.Reader in) {
            batches = in.getLong("batches");
        }

        @Override
        public void onTrainBegin(Run run, Event.TrainBegin event) {
            heard.add("begin " + event.firstEpoch() + (event.isResumed() ? " resumed" : ""));
        }

        @Override
        public void onEpochBegin(Run run, Event.EpochBegin event) {
            heard.add("epoch " + event.epoch());
        }

        @Override
        public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
            heard.add("batch " + event.batch() + " of all " + batches++);
        }

        @Override
        public void onEpochEnd(Run run, Event.EpochEnd event) {
            heard.add("end " + event.epoch());
        }
    }

    @Test
    void theEventsOfARunThatGoesOnAreThoseThatWereLeft() {
        List<String> heard = new ArrayList<>();
        Supplier<Fit> fit = () -> Fit.epochs(2).checkpoints(checkpoints()).callbacks(new Counting(heard));
        try (Trainer trainer = trainer()) {
            assertThrows(
                    CallbackException.class, () -> trainer.fit(DATA, fit.get().callbacks(killAfter(3))));
        }
        heard.clear();
        try (Trainer trainer = trainer()) {
            trainer.fit(DATA, fit.get());
        }
        assertEquals(
                List.of(
                        "begin 0 resumed",
                        "batch 3 of all 3",
                        "batch 4 of all 4",
                        "end 0",
                        "epoch 1",
                        "batch 0 of all 5",
                        "batch 1 of all 6",
                        "batch 2 of all 7",
                        "batch 3 of all 8",
                        "batch 4 of all 9",
                        "end 1"),
                heard);
    }

    @Test
    void aRunThatHadEndedReturnsItsHistoryAtOnce() {
        List<String> heard = new ArrayList<>();
        Supplier<Fit> fit = () ->
                Fit.epochs(2).validation(VALIDATION).checkpoints(checkpoints()).callbacks(new Counting(heard));
        List<Map<String, Object>> states = new ArrayList<>();
        List<List<String>> histories = new ArrayList<>();
        for (int process = 0; process < 2; process++) {
            heard.clear();
            try (Trainer trainer = trainer()) {
                histories.add(KillableRun.epochs(trainer.fit(DATA, fit.get())));
                Map<String, Object> state = new TreeMap<>(Everything.of(trainer));
                state.keySet().removeIf(path -> path.startsWith("scores/"));
                states.add(state);
            }
        }
        assertEquals(List.of("begin 2 resumed"), heard);
        assertEquals(histories.get(0), histories.get(1));
        assertEquals(states.get(0), states.get(1));
    }

    @Test
    void moreEpochsAreThoseOfARunThatWasAskedForThemAtFirst() {
        History whole;
        try (Trainer trainer = trainer()) {
            whole = trainer.fit(DATA, Fit.epochs(4));
        }
        for (int epochs : new int[] {2, 4}) {
            try (Trainer trainer = trainer()) {
                History history = trainer.fit(DATA, Fit.epochs(epochs).checkpoints(checkpoints()));
                assertEquals(KillableRun.epochs(whole).subList(0, epochs), KillableRun.epochs(history));
            }
        }
    }

    @Test
    void aDirectoryWithCheckpointsIsRefusedUnlessTheRunIsToGoOn() {
        Checkpoints anew = Checkpoints.in(directory.resolve("run"));
        try (Trainer trainer = trainer()) {
            trainer.fit(DATA, Fit.epochs(1).checkpoints(anew));
            long steps = trainer.state().values().get("loop/steps").hashCode();
            CheckpointException refused = assertThrows(
                    CheckpointException.class,
                    () -> trainer.fit(DATA, Fit.epochs(2).checkpoints(anew)));
            assertTrue(refused.getMessage().contains("resume()"), refused.getMessage());
            assertEquals(steps, trainer.state().values().get("loop/steps").hashCode());
        }
    }

    @Test
    void whatIsUndoneIsNotKept() {
        try (Trainer trainer = trainer()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> trainer.fit(DATA, Fit.epochs(1).dryRun().checkpoints(checkpoints())));
            Fit search = Fit.epochs(1).checkpoints(checkpoints()).callbacks(new LearningRateFinder());
            assertThrows(IllegalArgumentException.class, () -> trainer.fit(DATA, search));
        }
        try (Stream<Path> made = Files.list(directory)) {
            assertTrue(made.allMatch(path -> path.getFileName().toString().equals("run")));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anotherTrainerIsRefusedWithAllThatDiffers() {
        try (Trainer trainer = trainer()) {
            trainer.fit(DATA, Fit.epochs(1).checkpoints(checkpoints()));
        }
        try (Trainer other = Problems.trainerOf(Problems.network())
                .optimizer(new io.github.tapeloop.optimizer.Sgd(0.1))
                .threads(1, 1)
                .seed(6)
                .build()) {
            CheckpointException refused = assertThrows(
                    CheckpointException.class,
                    () -> other.fit(DATA, Fit.epochs(2).checkpoints(checkpoints())));
            assertTrue(refused.getMessage().contains("seed 6"), refused.getMessage());
            assertTrue(refused.getMessage().contains("Sgd"), refused.getMessage());
        }
        try (Trainer wider = Problems.trainerOf(
                        Sequential.of(new Dense(9, Activations.RELU), new Dense(Problems.CLASSES)))
                .threads(1, 1)
                .seed(5)
                .build()) {
            CheckpointException refused = assertThrows(
                    CheckpointException.class,
                    () -> wider.fit(DATA, Fit.epochs(2).checkpoints(checkpoints())));
            assertTrue(refused.getMessage().contains("dense/kernel"), refused.getMessage());
        }
    }

    @Test
    void theBestWeightsComeBackInAnotherProcess() {
        for (int steps : new int[] {2, 7, 12, 17}) {
            Path own = directory.resolve("best" + steps);
            Supplier<Fit> fit = () -> Fit.epochs(4)
                    .validation(VALIDATION)
                    .checkpoints(Checkpoints.in(own).resume().everySteps(1))
                    .callbacks(new EarlyStopping()
                            .mode(Callback.Mode.MAX)
                            .patience(9)
                            .restoreBest());
            Map<String, List<Double>> whole;
            try (Trainer trainer = trainer()) {
                trainer.fit(
                        DATA,
                        Fit.epochs(4)
                                .validation(VALIDATION)
                                .callbacks(new EarlyStopping()
                                        .mode(Callback.Mode.MAX)
                                        .patience(9)
                                        .restoreBest()));
                whole = weights(trainer);
            }
            try (Trainer trainer = trainer()) {
                assertThrows(
                        CallbackException.class,
                        () -> trainer.fit(DATA, fit.get().callbacks(killAfter(steps))));
            }
            try (Trainer trainer = trainer()) {
                trainer.fit(DATA, fit.get());
                assertEquals(whole, weights(trainer), "killed after " + steps);
            }
        }
    }

    private static Map<String, List<Double>> weights(Trainer trainer) {
        Map<String, List<Double>> weights = new TreeMap<>(Everything.variables(trainer));
        weights.keySet().removeIf(path -> !path.startsWith("model/"));
        return weights;
    }

    @Test
    void aRunWithoutAFiniteValueGoesBackToWhereTheFirstProcessBegan() {
        Callback nothing =
                new EarlyStopping("nothing").mode(Callback.Mode.MIN).patience(9).restoreBest();
        Callback measures = new Callback() {
            @Override
            public Map<String, Double> epochLogs(Run run, int epoch) {
                return Map.of("nothing", Double.NaN);
            }
        };
        Map<String, List<Double>> before;
        Path saved = directory.resolve("start");
        try (Trainer trainer = trainer()) {
            trainer.fit(DATA, Fit.epochs(1));
            trainer.save(saved);
            before = weights(trainer);
            Fit fit = Fit.epochs(3).checkpoints(checkpoints()).callbacks(measures, nothing, killAfter(8));
            assertThrows(CallbackException.class, () -> trainer.fit(DATA, fit));
        }
        try (Trainer trainer = trainer()) {
            trainer.fit(DATA, Fit.epochs(3).checkpoints(checkpoints()).callbacks(measures, nothing));
            assertEquals(before, weights(trainer));
        }
    }

    @Test
    void eventFilesAreCutBackAndGoOn() throws IOException {
        Path logs = directory.resolve("logs");
        Supplier<Fit> fit = () -> Fit.epochs(3)
                .validation(VALIDATION)
                .checkpoints(Checkpoints.in(directory.resolve("run")).resume().everySteps(3))
                .callbacks(new TensorBoard(logs).updateFrequency(1).writeGraph(false));
        kill(8, fit.get());
        Path whole = directory.resolve("whole");
        try (Trainer trainer = trainer()) {
            trainer.fit(
                    DATA,
                    Fit.epochs(3)
                            .validation(VALIDATION)
                            .callbacks(new TensorBoard(whole).updateFrequency(1).writeGraph(false)));
        }
        for (String part : List.of("train", "validation")) {
            assertEquals(sizes(whole.resolve(part)), sizes(logs.resolve(part)), part);
        }
    }

    /** One file each, of the same length: the same events, at other times. */
    private static List<Long> sizes(Path files) throws IOException {
        List<Long> sizes = new ArrayList<>();
        try (Stream<Path> all = Files.list(files)) {
            for (Path file : all.toList()) {
                sizes.add(Files.size(file));
            }
        }
        return sizes;
    }

    @Test
    void aPlotHasTheWholeCurve() throws IOException {
        Path goneOn = directory.resolve("loss.svg");
        kill(8, Fit.epochs(3).checkpoints(checkpoints()).callbacks(new LossCurvePlot(goneOn)));
        Path whole = directory.resolve("whole.svg");
        try (Trainer trainer = trainer()) {
            trainer.fit(DATA, Fit.epochs(3).callbacks(new LossCurvePlot(whole)));
        }
        assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(goneOn));
    }

    @Test
    void aLayerThatWasThawedStaysSo() {
        Supplier<Callback> thaw = () -> Callback.epochEnd((run, event) -> {
            if (event.epoch() == 0) {
                run.model().layers().values().forEach(layer -> layer.trainable(true));
            }
        });
        List<List<String>> histories = new ArrayList<>();
        for (boolean killed : new boolean[] {false, true}) {
            Fit fit = Fit.epochs(3);
            if (killed) {
                fit = fit.checkpoints(checkpoints());
                try (Trainer trainer = frozen()) {
                    Fit first = fit.callbacks(thaw.get(), killAfter(7));
                    assertThrows(CallbackException.class, () -> trainer.fit(DATA, first));
                }
            }
            try (Trainer trainer = frozen()) {
                histories.add(KillableRun.epochs(trainer.fit(DATA, fit.callbacks(thaw.get()))));
            }
        }
        assertEquals(histories.get(0), histories.get(1));
    }

    private static Trainer frozen() {
        Layer first = new Dense(8, Activations.RELU).trainable(false);
        return Problems.trainerOf(Sequential.of(first, new Dense(Problems.CLASSES)))
                .optimizer(new Adam(0.05))
                .threads(1, 1)
                .seed(5)
                .build();
    }

    @Test
    void aStopThatWasAskedForEndsTheRunInAnotherProcess() {
        Callback stop = Callback.trainBatchEnd((run, event) -> {
            if (run.steps() == 7) {
                run.stop("enough");
            }
        });
        Callback killInValidation = new Callback() {
            @Override
            public void onTestBegin(Run run, Event.TestBegin event) {
                if (run.stopReason().isPresent()) {
                    throw new IllegalStateException("killed");
                }
            }
        };
        Fit fit = Fit.epochs(4).validation(VALIDATION).checkpoints(checkpoints());
        try (Trainer trainer = trainer()) {
            assertThrows(CallbackException.class, () -> trainer.fit(DATA, fit.callbacks(stop, killInValidation)));
        }
        try (Trainer trainer = trainer()) {
            History history = trainer.fit(DATA, fit.callbacks(stop));
            assertEquals("enough", history.stopReason().orElseThrow());
            assertEquals(2, history.epochs().size());
            assertEquals(2, history.epochs().get(1).steps());
        }
    }

    @Test
    void anInterruptedRunGoesOnWhereItWas() {
        List<String> whole;
        try (Trainer trainer = trainer()) {
            whole = KillableRun.epochs(trainer.fit(DATA, Fit.epochs(3)));
        }
        Checkpoints rarely = Checkpoints.in(directory.resolve("run")).resume().everyEpochs(100);
        Callback interrupts = Callback.trainBatchEnd((run, event) -> {
            if (run.steps() == 7) {
                Thread.currentThread().interrupt();
            }
        });
        try (Trainer trainer = trainer()) {
            History cut = trainer.fit(DATA, Fit.epochs(3).checkpoints(rarely).callbacks(interrupts));
            assertTrue(Thread.interrupted());
            assertEquals("interrupted", cut.stopReason().orElseThrow());
        }
        try (Trainer trainer = trainer()) {
            assertEquals(
                    whole, KillableRun.epochs(trainer.fit(DATA, Fit.epochs(3).checkpoints(rarely))));
        }
    }

    @Test
    void aRunWhoseDataFailedGoesOnBeforeTheBatchThatFailed() {
        List<String> whole;
        try (Trainer trainer = trainer()) {
            whole = KillableRun.epochs(trainer.fit(DATA, Fit.epochs(2)));
        }
        Checkpoints onFailure = Checkpoints.in(directory.resolve("run"))
                .resume()
                .everyEpochs(100)
                .onFailure();
        Batches failing = Problems.clusters(40)
                .shuffle(40)
                .peek(example -> {
                    if (example == 27) {
                        throw new IllegalStateException("no disk");
                    }
                })
                .batch(8);
        try (Trainer trainer = trainer()) {
            assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(failing, Fit.epochs(2).checkpoints(onFailure)));
        }
        List<String> heard = new ArrayList<>();
        try (Trainer trainer = trainer()) {
            Fit fit = Fit.epochs(2).checkpoints(onFailure).callbacks(new Counting(heard));
            CheckpointException missing = assertThrows(CheckpointException.class, () -> trainer.fit(DATA, fit));
            assertTrue(missing.getMessage().contains("callbacks/Counting"), missing.getMessage());
            assertEquals(
                    whole, KillableRun.epochs(trainer.fit(DATA, Fit.epochs(2).checkpoints(onFailure))));
        }
    }

    @Test
    void checkpointsAreKeptAfterStepsEpochsAndTime() {
        try (Trainer trainer = trainer();
                KeptRuns kept = KeptRuns.empty()) {
            trainer.fit(
                    DATA,
                    Fit.epochs(4)
                            .checkpoints(Checkpoints.in(directory).everySteps(7).everyEpochs(3)),
                    kept);
            assertEquals(
                    List.of(7L, 14L, 15L, 20L),
                    kept.all.stream().map(KeptRuns.Kept::steps).toList());
        }
        try (Trainer trainer = trainer();
                KeptRuns kept = KeptRuns.empty()) {
            trainer.fit(
                    DATA, Fit.epochs(1).checkpoints(Checkpoints.in(directory).every(Duration.ofNanos(1))), kept);
            assertEquals(6, kept.all.size());
        }
    }

    @Test
    void whatIsSavedIsTakenOver() {
        Path saved = directory.resolve("saved");
        List<String> longer;
        Map<String, List<Double>> weights;
        try (Trainer trainer = trainer()) {
            trainer.fit(DATA, Fit.epochs(2));
            trainer.save(saved);
            trainer.save(saved);
            weights = weights(trainer);
            longer = KillableRun.epochs(trainer.fit(DATA, Fit.epochs(2)));
        }
        try (Trainer trainer = trainer()) {
            trainer.load(saved); // Before there is a weight.
            assertEquals(longer, KillableRun.epochs(trainer.fit(DATA, Fit.epochs(2))));
            trainer.load(saved);
            assertEquals(weights, weights(trainer));
        }
        try (Trainer trainer = trainer()) {
            trainer.load(saved);
            trainer.predict(Problems.batches(8, 8));
            assertEquals(weights, weights(trainer));
            assertEquals(longer, KillableRun.epochs(trainer.fit(DATA, Fit.epochs(2))));
        }
        try (Trainer other = Problems.trainerOf(Sequential.of(new Dense(5), new Dense(Problems.CLASSES)))
                .build()) {
            other.load(saved);
            assertThrows(CheckpointException.class, () -> other.predict(Problems.batches(8, 8)));
        }
        assertThrows(CheckpointException.class, () -> {
            try (Trainer trainer = trainer()) {
                trainer.load(directory.resolve("nowhere"));
            }
        });
    }

    @Test
    void theBestModelIsTakenOver() {
        String pattern = directory.resolve("best").toString();
        for (boolean weightsOnly : new boolean[] {false, true}) {
            double best;
            try (Trainer trainer = trainer()) {
                ModelCheckpoint saves = new ModelCheckpoint(pattern + weightsOnly).bestOnly();
                History history = trainer.fit(
                        DATA,
                        Fit.epochs(3).validation(VALIDATION).callbacks(weightsOnly ? saves.weightsOnly() : saves));
                best = Collections.min(history.values("val_loss"));
            }
            try (Trainer trainer = trainer()) {
                trainer.load(Path.of(pattern + weightsOnly));
                assertEquals(best, trainer.evaluate(VALIDATION).get("loss"));
            }
        }
    }

    @Test
    void aHandleAsksForACheckpoint() throws Exception {
        Checkpoints rarely = Checkpoints.in(directory.resolve("run")).resume().everyEpochs(100);
        List<String> whole;
        try (Trainer trainer = trainer()) {
            whole = KillableRun.epochs(trainer.fit(DATA, Fit.epochs(3)));
        }
        try (Trainer trainer = trainer();
                FitHandle run =
                        trainer.fitAsync(DATA, Fit.epochs(3).checkpoints(rarely).callbacks(killAfter(12)))) {
            run.pause().join();
            run.resume();
            Path saved = run.checkpoint().handle((path, failure) -> path).get();
            assertTrue(saved == null || Files.isDirectory(saved));
        }
        try (Trainer trainer = trainer()) {
            assertEquals(
                    whole, KillableRun.epochs(trainer.fit(DATA, Fit.epochs(3).checkpoints(rarely))));
        }
    }
}
