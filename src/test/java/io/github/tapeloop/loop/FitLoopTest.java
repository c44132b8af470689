package io.github.tapeloop.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.callback.Timer;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.preflight.FirstStep;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.step.GradientReduction;
import io.github.tapeloop.step.Head;
import io.github.tapeloop.step.Plan;
import io.github.tapeloop.warning.Warnings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The loop by itself, with a clock of the test's. */
class FitLoopTest {

    private static final long SECOND = 1_000_000_000;

    private static final Dataset DATA =
            Dataset.of(new float[][] {{1}, {2}, {3}, {4}}, new float[][] {{1}, {2}, {3}, {4}});

    private final TapeSession session = TapeSession.open();
    private final Engine engine = new Engine(
            session,
            new Plan(
                    Sequential.of(new Dense(1)),
                    List.of(new Head(null, new MeanSquaredError(), 1, List.of(), List.of())),
                    new Sgd(0.01),
                    null,
                    null,
                    null,
                    List.of(),
                    DtypePolicy.FULL,
                    null,
                    1,
                    GradientReduction.NONE));
    private long now;

    @AfterEach
    void close() {
        session.close();
    }

    private History fit(Batches train, Fit options) {
        try (Warnings warnings = Warnings.open(true)) {
            return new FitLoop(
                            engine,
                            train,
                            options.validation(),
                            options,
                            () -> now,
                            () -> false,
                            warnings,
                            () -> new FirstStep(session, DtypePolicy.FULL, true),
                            Optional.empty())
                    .fit();
        }
    }

    /** Lets time pass: 2 s a training batch, 5 s one of a validation. */
    private final class Time implements Callback {
        @Override
        public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
            now += 2 * SECOND;
        }

        @Override
        public void onTestBatchEnd(Run run, Event.BatchEnd event) {
            now += 5 * SECOND;
        }
    }

    @Test
    void anEpochLastsWithItsValidationAndTrainsWithoutIt() {
        History history = fit(
                DATA.batch(1), Fit.epochs(2).validation(DATA.take(3).batch(1)).callbacks(new Time()));
        for (Event.EpochEnd epoch : history.epochs()) {
            assertEquals(4 * 2 + 3 * 5, epoch.epochSeconds());
            assertEquals(4 * 2, epoch.trainSeconds());
            assertEquals(0.5, epoch.examplesPerSecond());
        }
    }

    @Test
    void aTimerCountsByTheClockOfTheRunWhichStandsStillInPauses() {
        now = 77 * SECOND;
        Fit options = Fit.epochs(2).callbacks(new Time(), new Timer(Duration.ofSeconds(5)));
        for (int run = 0; run < 2; run++) {
            History history = fit(DATA.batch(1), options);
            assertEquals(3, history.epochs().get(0).steps(), "each run has all the time");
            assertEquals(Optional.of("the time of 5.0 s is over"), history.stopReason());
        }
    }

    @Test
    void theTimeOfARunGoesOnInAnotherProcess() {
        Place before = new Place(0, () -> now);
        before.startRun();
        now += 3 * SECOND;
        Place after = new Place(0, () -> now);
        try (Contents kept = account(before).capture()) {
            now += 100 * SECOND; // Nobody has it.
            account(after).restore(kept);
        }
        now += SECOND;
        assertEquals(4, after.runSeconds());
    }

    private TrainingState account(Place place) {
        TrainingState account = new TrainingState(session);
        account.registerPlace("run/place", place);
        return account;
    }

    @Test
    void theHistoryOfADryRunIsThatOfItsStep() {
        History history = fit(
                DATA.batch(2),
                Fit.epochs(5).validation(DATA.batch(1)).validationFrequency(3).dryRun());
        assertEquals(1, history.epochs().size());
        assertEquals(1, history.epochs().get(0).steps());
        assertEquals(2, history.epochs().get(0).examples());
        assertEquals(Set.of("loss", "val_loss"), new TreeSet<>(history.names()));
    }

    @Test
    void anInterruptInTheSanityCheckEndsItAndTheRun() {
        List<Long> read = new ArrayList<>();
        Batches interrupting = DATA.peek(example -> {
                    read.add(example);
                    Thread.currentThread().interrupt();
                })
                .batch(1);
        try {
            History history =
                    fit(DATA.batch(1), Fit.epochs(2).validation(interrupting).sanityBatches(4));
            assertEquals(Optional.of("interrupted"), history.stopReason());
            assertEquals(List.of(), history.epochs());
            assertEquals(List.of(0L), read, "one batch, though four were asked for");
        } finally {
            assertTrue(Thread.interrupted(), "the flag stays for the caller");
        }
    }

    @Test
    void dataThatRunsDryIsWarnedOfAndAnEpochThatSomebodyStopsIsNot() {
        assertEquals(
                1, fit(DATA.batch(1), Fit.epochs(1).stepsPerEpoch(5)).warnings().size());
        assertEquals(
                List.of(),
                fit(DATA.batch(1), Fit.epochs(2).stepsPerEpoch(2)).warnings(),
                "two epochs of two steps are all four");
        Callback stop = Callback.trainBatchEnd((run, event) -> run.stop("enough"));
        assertEquals(
                List.of(),
                fit(DATA.batch(1), Fit.epochs(1).stepsPerEpoch(3).callbacks(stop))
                        .warnings());
    }

    @Test
    void anEmptyValidationIsWarnedOfAndOneThatIsCutShortIsNot() {
        Batches none = DATA.take(0).batch(1);
        assertEquals(
                1, fit(DATA.batch(1), Fit.epochs(2).validation(none)).warnings().size());
        Callback interrupt = new Callback() {
            @Override
            public void onTestBegin(Run run, Event.TestBegin event) {
                Thread.currentThread().interrupt();
            }
        };
        try {
            History history = fit(DATA.batch(1), Fit.epochs(2).validation(none).callbacks(interrupt));
            assertEquals(List.of(), history.warnings());
        } finally {
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void aFrequencyOfNoValidationIsNotWarnedOf() {
        assertEquals(
                List.of(),
                fit(DATA.batch(1), Fit.epochs(2).validationFrequency(3)).warnings());
    }

    @Test
    void aLossThatIsNoNumberIsWarnedOfOnce() {
        History history = fit(
                Dataset.of(new float[][] {{1e30f}}, new float[][] {{-1e30f}}).batch(1), Fit.epochs(3));
        assertEquals(
                1,
                history.warnings().stream()
                        .filter(text -> text.startsWith("The loss of epoch 1 is Infinity"))
                        .count(),
                history.warnings().toString());
        assertEquals(
                1,
                history.warnings().stream()
                        .filter(text -> text.startsWith("The loss of epoch"))
                        .count());
        assertTrue(fit(DATA.batch(1), Fit.epochs(1)).warnings().stream().allMatch(text -> text.contains("NaN")));
    }
}
