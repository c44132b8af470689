package io.github.tapeloop;

import static io.github.tapeloop.HandledRuns.DATA;
import static io.github.tapeloop.HandledRuns.LONG;
import static io.github.tapeloop.HandledRuns.OTHER;
import static io.github.tapeloop.HandledRuns.left;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FitHandle.Progress;
import io.github.tapeloop.FitHandle.State;
import io.github.tapeloop.HandledRuns.Own;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.runtime.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that is held up and goes on, between any two batches, is the run of fit to the last bit. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FitHandlePauseTest {

    @ParameterizedTest
    @EnumSource
    void aRunOnItsThreadIsTheOneOfFit(RunKind kind) {
        for (Mode mode : List.of(Mode.CACHED, Mode.LOOP)) {
            Map<String, Object> expected;
            try (Trainer trainer = kind.trainer(mode)) {
                expected = left(trainer, trainer.fit(RunKind.TRAIN, kind.fit()));
            }
            try (Trainer trainer = kind.trainer(mode);
                    FitHandle run = trainer.fitAsync(RunKind.TRAIN, kind.fit())) {
                assertEquals(expected, left(trainer, run.history().join()), kind + " " + mode);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRunThatPausesAtEveryBatchIsTheOneOfFit(Mode mode) {
        for (RunKind kind : List.of(RunKind.AVERAGES_IN_PLACE, RunKind.SCHEDULE_FREE, RunKind.RANDOM_TEST_STEP)) {
            Map<String, Object> expected;
            try (Trainer trainer = kind.trainer(mode)) {
                expected = left(trainer, trainer.fit(RunKind.TRAIN, kind.fit()));
            }
            Own own = new Own();
            Callback pausing = new Callback() {
                @Override
                public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
                    own.handle().pause();
                }

                @Override
                public void onTestBatchEnd(Run run, Event.BatchEnd event) {
                    own.handle().pause();
                }

                @Override
                public void onEpochEnd(Run run, Event.EpochEnd event) {
                    own.handle().pause();
                }
            };
            try (Trainer trainer = kind.trainer(mode);
                    FitHandle run =
                            own.of(trainer.fitAsync(RunKind.TRAIN, kind.fit().callbacks(pausing)))) {
                int pauses = 0;
                while (run.pause().join().state() == State.PAUSED) {
                    trainer.predict(OTHER);
                    trainer.evaluate(OTHER);
                    pauses++;
                    run.resume();
                }
                assertTrue(pauses >= 9, pauses + " pauses");
                assertEquals(expected, left(trainer, run.history().join()), kind + " " + mode);
            }
        }
    }

    /** Whoever pauses again at once would keep the run where it is for ever. */
    @Test
    void aPauseThatFollowsAResumeComesAfterAnotherBatch() {
        try (Trainer trainer = RunKind.AVERAGES_IN_PLACE.trainer(Mode.COMPILED);
                FitHandle run = trainer.fitAsync(Problems.batches(200, 4), Fit.epochs(2))) {
            int pauses = 0;
            Progress progress = run.pause().join();
            while (progress.state() == State.PAUSED) {
                pauses++;
                trainer.evaluate(OTHER);
                run.resume();
                progress = run.pause().join();
            }
            assertTrue(
                    pauses <= 104,
                    pauses + " pauses in 100 batches and 2 epochs"); // An epoch ends after its last batch.
            assertEquals(
                    100,
                    run.history().join().epochs().stream()
                            .mapToLong(Event.EpochEnd::steps)
                            .sum());
        }
    }

    @Test
    void aRunThatPausesWhileItFindsHowManyStepsToTakeAtOnceIsTheOneOfFit() {
        Batches many = Problems.batches(600, 4);
        List<Map<String, Object>> left = new ArrayList<>();
        for (boolean pauses : new boolean[] {false, true}) {
            try (Trainer trainer = Problems.trainerOf(Problems.network())
                            .compiled()
                            .autoStepsPerExecution()
                            .threads(1, 1)
                            .seed(5)
                            .build();
                    FitHandle run = trainer.fitAsync(many, Fit.epochs(2))) {
                // A run that has ended before its last pause is evaluated once, as the other one is.
                for (int i = 0; pauses && i < 10 && run.pause().join().state() == State.PAUSED; i++) {
                    trainer.evaluate(OTHER);
                    run.resume();
                }
                History history = run.history().join();
                trainer.evaluate(OTHER); // Makes the same variables where no pause has.
                left.add(left(trainer, history));
                left.get(left.size() - 1).remove("loop/execution/steps_per_execution"); // It is timed.
            }
        }
        assertEquals(left.get(0), left.get(1));
    }

    @Test
    void aValidationIsHeldUpBetweenItsBatches() {
        Own own = new Own();
        AtomicInteger validated = new AtomicInteger();
        CompletableFuture<CompletableFuture<Progress>> asked = new CompletableFuture<>();
        Callback asks = new Callback() {
            @Override
            public void onTestBatchEnd(Run run, Event.BatchEnd event) {
                if (validated.incrementAndGet() == 1) {
                    asked.complete(own.handle().pause());
                }
            }
        };
        Fit fit = Fit.epochs(1).validation(Problems.batches(12, 4)).callbacks(asks);
        try (Trainer trainer = Problems.trainer();
                FitHandle run = own.of(trainer.fitAsync(DATA, fit))) {
            assertEquals(State.PAUSED, asked.join().join().state());
            assertEquals(1, validated.get());
            run.resume();
            run.history().join();
            assertEquals(3, validated.get());
        }
    }

    @Test
    void aRunCanBeHeldUpBeforeItsFirstStep() {
        Own own = new Own();
        CompletableFuture<CompletableFuture<Progress>> asked = new CompletableFuture<>();
        Callback asks = new Callback() {
            @Override
            public void onTrainBegin(Run run, Event.TrainBegin event) {
                asked.complete(own.handle().pause());
            }
        };
        try (Trainer trainer = Problems.trainer();
                FitHandle run = own.of(trainer.fitAsync(DATA, Fit.epochs(1).callbacks(asks)))) {
            Progress paused = asked.join().join();
            assertEquals(State.PAUSED, paused.state());
            assertEquals(0, paused.step());
            run.resume();
            run.history().join();
        }
    }

    @Test
    void aPauseCanBeWaitedForAndOthersUseTheTrainerMeanwhile() throws Exception {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG)) {
            Progress paused = run.pause().join();
            assertEquals(State.PAUSED, paused.state());
            long step = paused.step();
            List<Object> predictions = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                ExecutorService one = Executors.newSingleThreadExecutor();
                predictions.add(one.submit(() -> trainer.evaluate(OTHER)).get());
                one.shutdown();
            }
            assertEquals(1, predictions.stream().distinct().count());
            assertEquals(step, run.progress().step());
            assertEquals(paused.seconds(), run.progress().seconds(), "a clock that stands still");
            run.resume();
            run.stop("seen enough");
            assertEquals(Optional.of("seen enough"), run.history().join().stopReason());
            assertEquals(State.ENDED, run.progress().state());
        }
    }

    @Test
    void aPauseThatIsTakenBackOrOvertakenByTheEndIsToldSo() {
        List<Runnable> tasks = new ArrayList<>();
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, Fit.epochs(1), tasks::add)) {
            CompletableFuture<Progress> back = run.pause();
            run.resume();
            assertEquals(State.WAITING, back.join().state());
            run.stop("enough");
            CompletableFuture<Progress> overtaken = run.pause();
            tasks.get(0).run();
            assertEquals(State.ENDED, overtaken.join().state());
            assertEquals(State.ENDED, run.pause().join().state());
            assertEquals(Optional.of("enough"), run.history().join().stopReason());
        }
    }

    @Test
    void aScopeThatIsLeftOpenInAPauseDisturbsNothing() {
        Map<String, Object> expected;
        try (Trainer trainer = RunKind.ADAM.trainer(Mode.CACHED)) {
            expected = left(trainer, trainer.fit(RunKind.TRAIN, RunKind.ADAM.fit()));
        }
        try (Trainer trainer = RunKind.ADAM.trainer(Mode.CACHED)) {
            TensorScope scope;
            try (FitHandle run = trainer.fitAsync(RunKind.TRAIN, RunKind.ADAM.fit())) {
                run.pause().join();
                scope = trainer.session().scope();
                trainer.session().tf().constant(1f);
                run.resume();
                assertEquals(expected, left(trainer, run.history().join()));
            }
            scope.close();
        }
    }
}
