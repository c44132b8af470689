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
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.testing.RecordingCallback;
import io.github.tapeloop.testing.ScriptedDataset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        assertTrue(thrown.getMessage().contains("BatchEnd[batch=1, examples=4]: disk full"), thrown.getMessage());
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
    void everyCallbackHearsTheEndEvenIfAnErrorIsThrownThere() {
        AssertionError error = new AssertionError("not what was expected");
        RecordingCallback broken = new RecordingCallback().at("trainEnd accuracy,loss", run -> {
            throw error;
        });
        Callback later = Callback.trainBatchEnd((run, event) -> {});
        try (Trainer trainer = Problems.trainer()) {
            AssertionError thrown = assertThrows(
                    AssertionError.class,
                    () -> trainer.fit(Problems.batches(4, 4), Fit.epochs(1).callbacks(broken, later, recording)));
            assertSame(error, thrown);
        }
        assertEquals(
                "trainEnd accuracy,loss",
                recording.lines().get(recording.lines().size() - 1));
    }

    @Test
    void anErrorAtTheEndDoesNotHideWhyTheRunFailed() {
        IllegalStateException failure = new IllegalStateException("first");
        AssertionError second = new AssertionError("second");
        RecordingCallback broken = new RecordingCallback().at("trainEnd  failed: CallbackException", run -> {
            throw second;
        });
        Callback first = Callback.trainBatchEnd((run, event) -> {
            throw failure;
        });
        try (Trainer trainer = Problems.trainer()) {
            CallbackException thrown = assertThrows(
                    CallbackException.class,
                    () -> trainer.fit(Problems.batches(4, 4), Fit.epochs(1).callbacks(broken, first, recording)));
            assertSame(failure, thrown.getCause());
            assertEquals(List.of(second), List.of(thrown.getSuppressed()));
        }
        assertEquals(
                "trainEnd  failed: CallbackException",
                recording.lines().get(recording.lines().size() - 1));
    }

    @Test
    void callbacksHearTheEndOfARunWhoseTrainerWasClosedInside() {
        RecordingCallback closes = new RecordingCallback();
        try (Trainer trainer = Problems.trainerOf(Problems.network())
                .optimizer(new ScheduleFreeAdamW())
                .build()) {
            closes.at("trainBatchEnd 0 of 4", run -> trainer.close());
            trainer.fit(
                    Problems.batches(8, 4),
                    Fit.epochs(3).validation(Problems.batches(4, 4)).callbacks(closes, recording));
        }
        assertEquals(
                List.of(
                        "trainBegin 0..3 steps 2",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 0 of 4",
                        "epochEnd 0 accuracy,loss 4 examples",
                        "trainEnd accuracy,loss stopped: closed"),
                recording.lines());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "trainBegin 0..2 steps 2",
                "epochBegin 1",
                "trainBatchBegin 1",
                "trainBatchEnd 1 of 2",
                "testBegin",
                "testBatchBegin 0",
                "testBatchEnd 0 of 3",
                "testEnd accuracy,loss",
                "epochEnd 0 accuracy,loss,val_accuracy,val_loss 6 examples",
                "trainEnd accuracy,loss,val_accuracy,val_loss"
            })
    void aTrainerIsUsableAfterACallbackThrewAnywhere(String line) {
        Batches data = Problems.batches(6, 4).prefetch(2);
        Fit options = Fit.epochs(2).validation(Problems.batches(3, 3).prefetch(1));
        for (Way way : new Way[] {Way.EAGER, Way.COMPILED}) {
            for (Error error : new Error[] {new AssertionError("on purpose"), null}) {
                RecordingCallback later = new RecordingCallback();
                RecordingCallback throwing = new RecordingCallback().at(line, run -> {
                    if (error != null) {
                        throw error;
                    }
                    throw new IllegalStateException("on purpose");
                });
                try (Trainer trainer = way.of(Problems.trainerOf(Problems.network()))
                        .threads(1, 1)
                        .build()) {
                    trainer.fit(data, options);
                    int live = trainer.session().liveHandles();
                    assertThrows(Throwable.class, () -> trainer.fit(data, options.callbacks(throwing, later)));
                    assertTrue(throwing.lines().contains(line), throwing.lines().toString());
                    assertTrue(later.lines().get(later.lines().size() - 1).startsWith("trainEnd"));
                    assertEquals(live, trainer.session().liveHandles(), way + " " + error);
                    assertEquals(2, trainer.fit(data, options).epochs().size());
                    assertEquals(live, trainer.session().liveHandles(), way + " " + error);
                }
            }
        }
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
