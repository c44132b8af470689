package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CsvLogger;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.ReduceLrOnPlateau;
import io.github.tapeloop.callback.TensorBoard;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.ActivityRegularization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.testing.RecordingCallback;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;

class TrainerTest {

    /** Threads of TensorFlow's belong to a session, so they show one that is open. */
    private static int threads() {
        return new File("/proc/self/task").list().length;
    }

    @Test
    void aBuilderThatRefusesLeavesNoSessionOpenAndTheOptimizerAsItWas() {
        assumeTrue(new File("/proc/self/task").isDirectory());
        Adam adam = new Adam();
        TrainerBuilder builder = Problems.trainerOf(Problems.network())
                .optimizer(adam)
                .precision(DtypePolicy.MIXED_FLOAT16)
                .metrics(new Mean("loss"))
                .threads(4, 1);
        int before = threads();
        for (int i = 0; i < 8; i++) {
            IllegalArgumentException error = assertThrows(IllegalArgumentException.class, builder::build);
            assertTrue(error.getMessage().contains("A metric is named 'loss'"), error.getMessage());
        }
        assertTrue(threads() < before + 8, before + " threads have become " + threads());
        assertFalse(adam.scalesLoss());
    }

    private static final Batches SHUFFLED = Problems.clusters(200).shuffle(200).batch(16);

    private static List<Double> lossCurve(Batches data, long seed) {
        Model model = Sequential.of(new Dense(16), new Dropout(0.3), new Dense(Problems.CLASSES));
        try (Trainer trainer =
                Problems.trainerOf(model).threads(1, 1).seed(seed).build()) {
            List<Double> curve = new ArrayList<>();
            Callback note = Callback.trainBatchEnd(
                    (run, event) -> curve.add(event.logs().get("loss")));
            trainer.fit(data, Fit.epochs(3).callbacks(note));
            return curve;
        }
    }

    @Test
    void theSameSeedGivesTheSameCurveBitForBit() {
        List<Double> curve = lossCurve(SHUFFLED, 1);
        assertEquals(39, curve.size());
        assertEquals(curve, lossCurve(SHUFFLED, 1));
        assertNotEquals(curve, lossCurve(SHUFFLED, 2));
    }

    @Test
    void prefetchingDoesNotChangeTheCurve() {
        assertEquals(lossCurve(SHUFFLED, 1), lossCurve(SHUFFLED.prefetch(3), 1));
    }

    @Test
    void trainersInTwoThreadsDoNotMeet() throws Exception {
        List<Double> alone = lossCurve(SHUFFLED, 1);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Callable<List<Double>> run = () -> lossCurve(SHUFFLED.prefetch(2), 1);
            for (Future<List<Double>> result : threads.invokeAll(List.of(run, run))) {
                assertEquals(alone, result.get());
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static History withCallbacks(Path directory) {
        try (Trainer trainer = Problems.trainer()) {
            return trainer.fit(
                    SHUFFLED.prefetch(2),
                    Fit.epochs(4)
                            .validation(Problems.batches(30, 7).prefetch(2))
                            .callbacks(
                                    new EarlyStopping().patience(9).restoreBest(),
                                    new ReduceLrOnPlateau().patience(1).minDelta(10),
                                    new CsvLogger(directory.resolve("log.csv")),
                                    new TensorBoard(directory.resolve("events")).histogramFrequency(2)));
        }
    }

    @Test
    void callbacksOfTrainersInTwoThreadsDoNotMeet(@TempDir Path one, @TempDir Path two, @TempDir Path three)
            throws Exception {
        History alone = withCallbacks(one);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Callable<History> second = () -> withCallbacks(two);
            Callable<History> third = () -> withCallbacks(three);
            for (Future<History> result : threads.invokeAll(List.of(second, third))) {
                for (String name : alone.names()) {
                    assertEquals(alone.values(name), result.get().values(name), name);
                }
            }
        } finally {
            threads.shutdownNow();
        }
        for (Path other : List.of(two, three)) {
            assertEquals(Files.readAllLines(one.resolve("log.csv")), Files.readAllLines(other.resolve("log.csv")));
        }
    }

    @Test
    void callbacksAreUsedAgainFromTheirBeginning() {
        EarlyStopping stopping =
                new EarlyStopping("loss").patience(1).minDelta(100).restoreBest();
        ReduceLrOnPlateau plateau =
                new ReduceLrOnPlateau("loss").patience(1).minDelta(100).cooldown(1);
        try (Trainer trainer = Problems.trainer()) {
            Fit options = Fit.epochs(9).callbacks(stopping, plateau);
            History first = trainer.fit(SHUFFLED, options);
            int live = trainer.session().liveHandles();
            History second = trainer.fit(SHUFFLED, options);
            assertEquals(2, first.epochs().size(), "the best is the first, the second is no better by 100");
            assertEquals(2, second.epochs().size());
            assertEquals(live, trainer.session().liveHandles());
        }
    }

    @Test
    void fittingLearns() {
        try (Trainer trainer = Problems.trainer()) {
            History history = trainer.fit(
                    Problems.clusters(300).shuffle(300).batch(20),
                    Fit.epochs(10).validation(Problems.batches(60, 30)));
            assertTrue(history.last("loss") < history.values("loss").get(0) / 4, history::toString);
            assertTrue(history.last("val_accuracy") > 0.95, history::toString);
            assertEquals(Optional.empty(), history.stopReason());
            assertEquals(List.of("accuracy", "loss", "val_accuracy", "val_loss"), List.copyOf(history.names()));
            assertEquals(300, history.epochs().get(0).examples());
            assertEquals(15, history.epochs().get(0).steps());
            assertTrue(history.epochs().get(0).epochSeconds()
                    >= history.epochs().get(0).trainSeconds());
            assertTrue(history.epochs().get(0).examplesPerSecond() > 0);
        }
    }

    @Test
    void theLossOfAnEpochIsWeightedByExamples() {
        Model constant = Sequential.of(new Dense(1).useBias(false));
        Dataset data = Dataset.of(new float[][] {{0}, {0}, {0}}, new float[][] {{1}, {1}, {4}});
        try (Trainer trainer = Trainer.of(constant)
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0))
                .build()) {
            double expected = (1 + 1 + 16) / 3.0; // Not (1 + 16) / 2, the mean of the two batches.
            assertEquals(expected, trainer.fit(data.batch(2), Fit.epochs(1)).last("loss"), 1e-9);
            assertEquals(Map.of("loss", expected), trainer.evaluate(data.batch(2)));
        }
    }

    @Test
    void theLossIncludesWhatLayersAdd() {
        Model model = Sequential.of(
                new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.constant(2))),
                new ActivityRegularization(0, 0.5));
        Dataset data = Dataset.of(new float[][] {{1}}, new float[][] {{2}});
        try (Trainer trainer = Trainer.of(model)
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0.1))
                .build()) {
            try (Batch batch = Batch.of(new float[][] {{1}}, new int[] {2})) {
                assertEquals(2.0, trainer.trainOnBatch(batch).get("loss"), 1e-6); // 0 + 0.5 · 2²
            }
            // The gradient of 0.5 w² at 2 is 2, so w is 1.8 now.
            assertEquals(1.8f, trainer.predict(data.batch(1)).getFloat(0, 0), 1e-6);
        }
    }

    @Test
    void aValidationSplitIsTakenFromTheEnd() {
        RecordingCallback recording = new RecordingCallback();
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(
                    Problems.clusters(10).shuffle(10).batch(4),
                    Fit.epochs(1).validationSplit(0.25).callbacks(recording));
        }
        assertTrue(recording.lines().contains("trainBatchEnd 1 of 3"), recording.lines()::toString);
        assertTrue(recording.lines().contains("testBatchEnd 0 of 3"), recording.lines()::toString);
    }

    @Test
    void anInterruptStopsAtTheNextBatchAndKeepsTheFlag() {
        RecordingCallback recording = new RecordingCallback();
        recording.at("trainBatchEnd 1 of 4", run -> Thread.currentThread().interrupt());
        try (Trainer trainer = Problems.trainer()) {
            History history = trainer.fit(
                    Problems.clusters(40).batch(4).prefetch(2),
                    Fit.epochs(5).validation(Problems.batches(4, 4)).callbacks(recording));
            assertTrue(Thread.interrupted(), "the interrupt must not be swallowed");
            assertEquals(Optional.of("interrupted"), history.stopReason());
            assertEquals(1, history.epochs().size());
            assertEquals(2, history.epochs().get(0).steps());
            assertFalse(history.names().contains("val_loss"));
        }
    }

    @Test
    void predictionsComeInTheOrderOfTheData() {
        Dataset data = Problems.clusters(50);
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(data.batch(10), Fit.epochs(5));
            FloatNdArray all = trainer.predict(data.batch(50));
            FloatNdArray inParts = trainer.predict(data.batch(7));
            assertEquals(Shape.of(50, Problems.CLASSES), all.shape());
            assertEquals(Shape.of(50, Problems.CLASSES), inParts.shape());
            for (int i = 0; i < 50; i++) {
                for (int k = 0; k < Problems.CLASSES; k++) {
                    assertEquals(all.getFloat(i, k), inParts.getFloat(i, k), 1e-5f);
                }
            }
        }
    }

    @Test
    void singleBatchesCanBeTrainedAndTested() {
        try (Trainer trainer = Problems.trainer();
                Batch batch = Batch.of(new float[][] {{1, 0, 0, 0}, {0, 1, 0, 0}}, new int[] {0, 1})) {
            double first = trainer.trainOnBatch(batch).get("loss");
            for (int i = 0; i < 50; i++) {
                trainer.trainOnBatch(batch);
            }
            Map<String, Double> after = trainer.testOnBatch(batch);
            assertTrue(after.get("loss") < first / 2, after::toString);
            assertEquals(1.0, after.get("accuracy"));
        }
    }

    @Test
    void evaluationChangesNothing() {
        try (Trainer trainer = Problems.trainer()) {
            Batches data = Problems.batches(20, 10);
            trainer.fit(data, Fit.epochs(1));
            assertEquals(trainer.evaluate(data), trainer.evaluate(data));
        }
    }

    @Test
    void aStepLeavesNothingBehind() {
        try (Trainer trainer = Problems.trainer()) {
            Batches data = Problems.clusters(64).batch(8).prefetch(2);
            trainer.fit(data, Fit.epochs(1).validation(data));
            trainer.predict(data);
            int live = trainer.session().liveHandles();
            trainer.fit(data, Fit.epochs(3).validation(data));
            trainer.predict(data);
            assertEquals(live, trainer.session().liveHandles());
        }
    }

    @Test
    void closingTheTrainerFreesAll() {
        Trainer trainer = Problems.trainer();
        trainer.fit(Problems.batches(8, 8), Fit.epochs(1));
        assertTrue(trainer.session().liveHandles() > 0);
        trainer.close();
        trainer.close();
        assertEquals(0, trainer.session().liveHandles());
        IllegalStateException closed =
                assertThrows(IllegalStateException.class, () -> trainer.fit(Problems.batches(8, 8), Fit.epochs(1)));
        assertTrue(closed.getMessage().contains("closed"), closed.getMessage());
    }

    @Test
    void aSessionOfTheCallersStaysOpen() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(3).build()) {
            try (Trainer trainer =
                    Problems.trainerOf(Problems.network()).session(session).build()) {
                trainer.fit(Problems.batches(8, 8), Fit.epochs(1));
            }
            assertFalse(session.isClosed());
        }
    }

    @Test
    void inDebugModeTheLeakReportSaysWhereAnOpWasMade() {
        try (TapeSession session = TapeSession.builder().debug(true).build()) {
            session.tf().constant(1f);
            String site = session.leakReport().origins().get(0).site();
            assertTrue(site.contains("TrainerTest.java"), site);
        }
    }

    @Test
    void aCallbackSetsTheLearningRate() {
        List<Double> rates = new ArrayList<>();
        Callback halve = Callback.epochEnd((run, event) -> {
            run.setLearningRate(run.learningRate() / 2);
            rates.add(run.learningRate());
        });
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(Problems.batches(8, 8), Fit.epochs(2).callbacks(halve));
        }
        assertEquals(List.of(0.005, 0.0025), rates);
    }
}
