package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.testing.RecordingCallback;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A run that is asked to stop before an epoch's first batch reports no epoch without a step. */
class StopTest {

    private final RecordingCallback recording = new RecordingCallback();

    private History fit(int epochs) {
        try (Trainer trainer = Problems.trainer()) {
            return trainer.fit(Problems.batches(8, 4), Fit.epochs(epochs).callbacks(recording));
        }
    }

    @Test
    void aStopAtTheBeginningOfAnEpochStopsAfterItsFirstBatch() {
        recording.at("epochBegin 1", run -> run.stop("seen enough"));
        History history = fit(3);
        assertEquals(
                List.of(
                        "trainBegin 0..3 steps 2",
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
                        "trainEnd accuracy,loss stopped: seen enough"),
                recording.lines());
        assertTrue(history.last("loss") > 0, "a loss that was measured: " + history);
    }

    @Test
    void anInterruptBetweenEpochsEndsTheRunThere() {
        recording.at("epochEnd 0 accuracy,loss 8 examples", run -> Thread.currentThread()
                .interrupt());
        History history = fit(3);
        assertTrue(Thread.interrupted(), "the interrupt must not be swallowed");
        assertEquals(1, history.epochs().size(), history::toString);
        assertEquals(Optional.of("interrupted"), history.stopReason());
        assertEquals(
                List.of("epochEnd 0 accuracy,loss 8 examples", "trainEnd accuracy,loss stopped: interrupted"),
                recording
                        .lines()
                        .subList(recording.lines().size() - 2, recording.lines().size()));
    }

    @Test
    void theTextOfAHistoryNumbersEpochsFromOne() {
        recording.at("epochEnd 1 accuracy,loss 8 examples", run -> run.stop("enough in epoch 2"));
        List<String> lines = fit(3).toString().lines().toList();
        assertEquals(3, lines.size(), lines::toString);
        assertTrue(lines.get(0).startsWith("epoch 1 {accuracy="), lines.get(0));
        assertTrue(lines.get(1).startsWith("epoch 2 {accuracy="), lines.get(1));
        assertEquals("stopped: enough in epoch 2", lines.get(2));
    }

    @Test
    void anInterruptDuringValidationLogsNothingOfIt() {
        recording.at("testBatchEnd 0 of 2", run -> Thread.currentThread().interrupt());
        History history;
        try (Trainer trainer = Problems.trainer()) {
            history = trainer.fit(
                    Problems.batches(8, 4),
                    Fit.epochs(3).validation(Problems.batches(6, 2)).callbacks(recording));
        }
        assertTrue(Thread.interrupted(), "the interrupt must not be swallowed");
        assertEquals(Set.of("accuracy", "loss"), Set.copyOf(history.names()));
        assertEquals(
                List.of(
                        "testBatchEnd 0 of 2",
                        "testEnd ",
                        "epochEnd 0 accuracy,loss 8 examples",
                        "trainEnd accuracy,loss stopped: interrupted"),
                recording
                        .lines()
                        .subList(recording.lines().size() - 4, recording.lines().size()));
    }

    @Test
    void anInterruptInTheLastBatchOfAnEpochLetsNoValidationBegin() {
        recording.at("trainBatchEnd 1 of 4", run -> Thread.currentThread().interrupt());
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(
                    Problems.batches(8, 4),
                    Fit.epochs(3).validation(Problems.batches(6, 2)).callbacks(recording));
        }
        assertTrue(Thread.interrupted(), "the interrupt must not be swallowed");
        assertEquals(
                List.of(
                        "trainBatchEnd 1 of 4",
                        "epochEnd 0 accuracy,loss 8 examples",
                        "trainEnd accuracy,loss stopped: interrupted"),
                recording
                        .lines()
                        .subList(recording.lines().size() - 3, recording.lines().size()));
    }

    @Test
    void aStopBeforeTheFirstEpochTakesNoStep() {
        recording.at("trainBegin 0..3 steps 2", run -> run.stop("not today"));
        History history = fit(3);
        assertEquals(List.of("trainBegin 0..3 steps 2", "trainEnd  stopped: not today"), recording.lines());
        assertEquals(List.of(), history.epochs());
    }
}
