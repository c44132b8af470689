package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.LearningRateScheduler;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.testing.RecordingCallback;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ways to try a run out, and what a trainer says of itself. */
class FitOptionsTest {

    private final RecordingCallback recording = new RecordingCallback();

    @Test
    void validationIsTriedBeforeTheFirstEpochWithoutTellingAnyone() {
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(
                    Problems.batches(4, 4),
                    Fit.epochs(1)
                            .validation(Problems.batches(8, 4))
                            .sanityBatches(1)
                            .callbacks(recording));
        }
        assertEquals(
                List.of(
                        "trainBegin 0..1 steps 1",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "testBegin",
                        "testBatchBegin 0",
                        "testBatchEnd 0 of 4",
                        "testBatchBegin 1",
                        "testBatchEnd 1 of 4",
                        "testEnd accuracy,loss",
                        "epochEnd 0 accuracy,loss,val_accuracy,val_loss 4 examples",
                        "trainEnd accuracy,loss,val_accuracy,val_loss"),
                recording.lines());
    }

    @Test
    void validationDataThatDoesNotFitFailsBeforeTraining() {
        Batches wrong = Dataset.of(new float[][] {{1, 2}}, new int[] {0}).batch(1);
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(Problems.batches(4, 4), Fit.epochs(1));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> trainer.fit(
                            Problems.batches(4, 4),
                            Fit.epochs(1).validation(wrong).sanityBatches(2).callbacks(recording)));
        }
        assertEquals(
                List.of("trainBegin 0..1 steps 1", "trainEnd  failed: IllegalArgumentException"), recording.lines());
    }

    @Test
    void sanityNeedsValidationData() {
        try (Trainer trainer = Problems.trainer()) {
            IllegalArgumentException thrown = assertThrows(
                    IllegalArgumentException.class,
                    () -> trainer.fit(Problems.batches(4, 4), Fit.epochs(1).sanityBatches(1)));
            assertTrue(thrown.getMessage().contains("validationSplit"), thrown.getMessage());
        }
    }

    @Test
    void overfittingSeesTheSameBatchesInEveryEpochDespiteShuffling() {
        List<Double> losses = new ArrayList<>();
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(
                    Problems.clusters(60).shuffle(60).batch(4),
                    Fit.epochs(3)
                            .overfit(2)
                            .callbacks(
                                    recording,
                                    new LearningRateScheduler((epoch, rate) -> 0), // So that only the data matters.
                                    Callback.epochEnd((run, event) ->
                                            losses.add(event.logs().get("loss")))));
        }
        assertEquals(List.of(losses.get(0), losses.get(0), losses.get(0)), losses);
        assertEquals("trainBegin 0..3 steps 2", recording.lines().get(0));
    }

    @Test
    void aNetworkLearnsTwoBatchesByHeart() {
        try (Trainer trainer = Problems.trainer()) {
            History history = trainer.fit(
                    Problems.clusters(60).shuffle(60).batch(4), Fit.epochs(200).overfit(2));
            assertTrue(history.last("loss") < 0.01, history::toString);
        }
    }

    private static Trainer dropping() {
        return Trainer.of(Sequential.of(new Dense(8), new Dropout(0.5), new Dense(Problems.CLASSES)))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.01))
                .threads(1, 1)
                .seed(5)
                .build();
    }

    @Test
    void aDryRunTouchesEverythingAndChangesNothing() {
        Batches data = Problems.clusters(30).shuffle(30).batch(4);
        try (Trainer tried = dropping();
                Trainer fresh = dropping()) {
            tried.fit(
                    data,
                    Fit.epochs(9)
                            .validation(Problems.batches(8, 4))
                            .validationFrequency(3)
                            .stepsPerEpoch(5)
                            .dryRun()
                            .callbacks(recording, new LearningRateScheduler((epoch, rate) -> 3)));
            assertEquals(
                    List.of(
                            "trainBegin 0..1 steps 1",
                            "epochBegin 0",
                            "trainBatchBegin 0",
                            "trainBatchEnd 0 of 4",
                            "testBegin",
                            "testBatchBegin 0",
                            "testBatchEnd 0 of 4",
                            "testEnd loss",
                            "epochEnd 0 learning_rate,loss,val_loss 4 examples",
                            "trainEnd learning_rate,loss,val_loss"),
                    recording.lines());
            assertEquals(
                    fresh.fit(data, Fit.epochs(2)).values("loss"),
                    tried.fit(data, Fit.epochs(2)).values("loss"));
        }
    }

    @Test
    void aDryRunThatFailsChangesNothingAndLeavesNothingBehind() {
        Batches data = Problems.batches(8, 4);
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(data, Fit.epochs(1));
            double before = trainer.evaluate(data).get("loss");
            int handles = trainer.session().liveHandles();
            recording.at("trainBatchEnd 0 of 4", run -> {
                throw new IllegalStateException("disk full");
            });
            assertThrows(
                    CallbackException.class,
                    () -> trainer.fit(data, Fit.epochs(1).dryRun().callbacks(recording)));
            assertEquals(handles, trainer.session().liveHandles());
            assertEquals(before, trainer.evaluate(data).get("loss"));
        }
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        for (Runnable call : List.<Runnable>of(
                () -> Fit.epochs(1).sanityBatches(0), () -> Fit.epochs(1).overfit(0))) {
            IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call::run);
            assertTrue(thrown.getMessage().contains("of at least 1, got 0"), thrown.getMessage());
        }
    }

    @Test
    void aTrainerSaysWhatItWillRun() {
        try (Trainer trainer = Problems.trainerOf(Problems.network())
                .threads(1, 2)
                .seed(5)
                .compiled()
                .stepsPerExecution(4)
                .build()) {
            String before = trainer.describe();
            assertTrue(before.contains("not called yet"), before);
            trainer.fit(Problems.batches(4, 4), Fit.epochs(1));
            assertEquals("""
                    model sequential (Sequential)
                    layer                       weights     parameters
                    sequential (Sequential)                          0
                    sequential/dense (Dense)    [4, 8] [8]          40
                    sequential/dense_1 (Dense)  [8, 3] [3]          27
                    total 67, trainable 67
                    loss SparseCategoricalCrossentropy
                    optimizer Adam
                    metrics accuracy (up)
                    steps compiled, 4 per call
                    session seed 5; threads 1 inter-op, 2 intra-op; device chosen by TensorFlow
                    """, trainer.describe());
        }
        try (Trainer trainer = Trainer.of(Problems.network())
                .loss((tf, target, prediction) -> tf.constant(0f))
                .optimizer(new Adam(0.1))
                .build()) {
            String text = trainer.describe();
            assertTrue(text.contains("loss a lambda\noptimizer Adam\nmetrics none\nsteps eager\n"), text);
            assertTrue(text.contains("threads default inter-op, default intra-op"), text);
        }
    }
}
