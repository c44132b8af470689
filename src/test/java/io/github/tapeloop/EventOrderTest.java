package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.testing.RecordingCallback;
import io.github.tapeloop.testing.ScriptedDataset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What callbacks are told, in which order: each test is one literal list. */
class EventOrderTest {

    private final RecordingCallback recording = new RecordingCallback();

    private History fit(Batches data, Fit options) {
        try (Trainer trainer = Problems.trainer()) {
            return trainer.fit(data, options.callbacks(recording));
        }
    }

    @Test
    void aRunWithValidationAndAShortLastBatch() {
        fit(Problems.batches(10, 4), Fit.epochs(2).validation(Problems.batches(5, 4)));
        assertEquals(
                List.of(
                        "trainBegin 0..2 steps 3",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "trainBatchBegin 1",
                        "trainBatchEnd 1 of 4",
                        "trainBatchBegin 2",
                        "trainBatchEnd 2 of 2",
                        "testBegin",
                        "testBatchBegin 0",
                        "testBatchEnd 0 of 4",
                        "testBatchBegin 1",
                        "testBatchEnd 1 of 1",
                        "testEnd accuracy,loss",
                        "epochEnd 0 accuracy,loss,val_accuracy,val_loss 10 examples",
                        "epochBegin 1",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "trainBatchBegin 1",
                        "trainBatchEnd 1 of 4",
                        "trainBatchBegin 2",
                        "trainBatchEnd 2 of 2",
                        "testBegin",
                        "testBatchBegin 0",
                        "testBatchEnd 0 of 4",
                        "testBatchBegin 1",
                        "testBatchEnd 1 of 1",
                        "testEnd accuracy,loss",
                        "epochEnd 1 accuracy,loss,val_accuracy,val_loss 10 examples",
                        "trainEnd accuracy,loss,val_accuracy,val_loss"),
                recording.lines());
    }

    @Test
    void aStopAtABatchStillValidatesAndEndsTheEpoch() {
        recording.at("trainBatchEnd 0 of 4", run -> {
            run.stop("seen enough");
            run.stop("a later reason does not replace the first");
        });
        History history = fit(Problems.batches(10, 4), Fit.epochs(2).validation(Problems.batches(4, 4)));
        assertEquals(
                List.of(
                        "trainBegin 0..2 steps 3",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "testBegin",
                        "testBatchBegin 0",
                        "testBatchEnd 0 of 4",
                        "testEnd accuracy,loss",
                        "epochEnd 0 accuracy,loss,val_accuracy,val_loss 4 examples",
                        "trainEnd accuracy,loss,val_accuracy,val_loss stopped: seen enough"),
                recording.lines());
        assertEquals(Optional.of("seen enough"), history.stopReason());
        assertEquals(1, history.epochs().size());
    }

    @Test
    void aStopAtAnEpochEndsTheRunThere() {
        recording.at("epochEnd 0 accuracy,loss 4 examples", run -> run.stop("good enough"));
        fit(Problems.batches(4, 4), Fit.epochs(3));
        assertEquals(
                List.of(
                        "trainBegin 0..3 steps 1",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "epochEnd 0 accuracy,loss 4 examples",
                        "trainEnd accuracy,loss stopped: good enough"),
                recording.lines());
    }

    @Test
    void aFailureEndsTheRunOnceAndReachesTheCaller() {
        IllegalStateException failure = new IllegalStateException("disk full");
        recording.at("trainBatchEnd 1 of 4", run -> {
            throw failure;
        });
        CallbackException thrown =
                assertThrows(CallbackException.class, () -> fit(Problems.batches(10, 4), Fit.epochs(2)));
        assertEquals(
                List.of(
                        "trainBegin 0..2 steps 3",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "trainBatchBegin 1",
                        "trainBatchEnd 1 of 4",
                        "trainEnd  failed: CallbackException"),
                recording.lines());
        assertSame(failure, thrown.getCause());
        assertTrue(thrown.getMessage().contains("RecordingCallback"), thrown.getMessage());
        assertTrue(thrown.getMessage().contains("disk full"), thrown.getMessage());
    }

    @Test
    void dataThatFailsEndsTheRunOnceAndLeavesNothingBehind() {
        ScriptedDataset broken = ScriptedDataset.of(Problems.clusters(10), 4)
                .failsAtBatch(1, () -> new IllegalStateException("cable pulled"));
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(Problems.batches(4, 4), Fit.epochs(1));
            int handles = trainer.session().liveHandles();
            assertThrows(
                    IllegalStateException.class,
                    () -> trainer.fit(broken.batches(), Fit.epochs(2).callbacks(recording)));
            assertEquals(handles, trainer.session().liveHandles(), () -> trainer.session()
                    .leakReport()
                    .toString());
        }
        assertEquals(
                List.of(
                        "trainBegin 0..2 steps 3",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "trainEnd  failed: IllegalStateException"),
                recording.lines());
    }

    @Test
    void everyCallbackHearsTheEndEvenIfOneThrowsThere() {
        Callback broken = new Callback() {
            @Override
            public void onTrainEnd(Run run, Event.TrainEnd event) {
                throw new IllegalStateException("cannot close");
            }
        };
        try (Trainer trainer = Problems.trainer()) {
            CallbackException thrown = assertThrows(
                    CallbackException.class,
                    () -> trainer.fit(Problems.batches(4, 4), Fit.epochs(1).callbacks(broken, recording)));
            assertInstanceOf(IllegalStateException.class, thrown.getCause());
        }
        assertEquals(
                "trainEnd accuracy,loss",
                recording.lines().get(recording.lines().size() - 1));
    }

    @Test
    void anEmptyValidationBeginsAndEndsWithoutResults() {
        fit(
                Problems.batches(4, 4),
                Fit.epochs(1).validation(Problems.batches(3, 4).take(0)));
        assertEquals(
                List.of(
                        "trainBegin 0..1 steps 1",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "testBegin",
                        "testEnd ",
                        "epochEnd 0 accuracy,loss 4 examples",
                        "trainEnd accuracy,loss"),
                recording.lines());
    }

    @Test
    void validationHappensAsOftenAsAsked() {
        fit(
                Problems.batches(4, 4),
                Fit.epochs(3).initialEpoch(1).validation(Problems.batches(4, 4)).validationFrequency(2));
        assertEquals(
                List.of(
                        "trainBegin 1..3 steps 1",
                        "epochBegin 1",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "testBegin",
                        "testBatchBegin 0",
                        "testBatchEnd 0 of 4",
                        "testEnd accuracy,loss",
                        "epochEnd 1 accuracy,loss,val_accuracy,val_loss 4 examples",
                        "epochBegin 2",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "epochEnd 2 accuracy,loss 4 examples",
                        "trainEnd accuracy,loss"),
                recording.lines());
    }

    @Test
    void epochsOfAFixedNumberOfStepsGoOnWhereTheLastOneEnded() {
        fit(Problems.batches(12, 4), Fit.epochs(2).stepsPerEpoch(2));
        assertEquals(
                List.of(
                        "trainBegin 0..2 steps 2",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "trainBatchBegin 1",
                        "trainBatchEnd 1 of 4",
                        "epochEnd 0 accuracy,loss 8 examples",
                        "epochBegin 1",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "epochEnd 1 accuracy,loss 4 examples",
                        "trainEnd accuracy,loss"),
                recording.lines());
    }
}
