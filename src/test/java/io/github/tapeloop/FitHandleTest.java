package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FitHandle.Progress;
import io.github.tapeloop.FitHandle.State;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.runtime.ChildJava;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.testing.RecordingCallback;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run in the hands of another thread: looked at, paused, resumed, stopped and closed. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FitHandleTest {

    private static final Batches DATA = Problems.batches(40, 8);
    private static final Batches OTHER = Problems.batches(21, 6);

    /** A run that goes on until it is stopped. */
    private static final Fit LONG = Fit.epochs(1_000_000);

    /** A callback with the handle of its own run. */
    private static final class Own {
        private final CompletableFuture<FitHandle> handle = new CompletableFuture<>();

        FitHandle handle() {
            return handle.join();
        }

        FitHandle of(FitHandle run) {
            handle.complete(run);
            return run;
        }
    }

    private static Map<String, Object> left(Trainer trainer, History history) {
        Map<String, Object> all = Everything.of(trainer);
        all.put("history", history.epochs().stream().map(Event.EpochEnd::logs).toList());
        return all;
    }

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
    void oneThatRunsIsRefusedToOthersByName() {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG)) {
            run.pause().join();
            run.resume();
            List<Runnable> calls = List.of(
                    () -> trainer.predict(OTHER),
                    () -> trainer.fit(OTHER, Fit.epochs(1)),
                    () -> trainer.fitAsync(OTHER, Fit.epochs(1)));
            for (Runnable call : calls) {
                IllegalStateException refused = assertThrows(IllegalStateException.class, call::run);
                assertTrue(refused.getMessage().contains("\"tapeloop-fit-"), refused.getMessage());
                assertTrue(refused.getMessage().contains("pause"), refused.getMessage());
            }
            run.pause().join();
            IllegalStateException refused =
                    assertThrows(IllegalStateException.class, () -> trainer.fit(OTHER, Fit.epochs(1)));
            assertTrue(
                    refused.getMessage().contains("a run that is paused, and fit would change"), refused.getMessage());
            refused = assertThrows(IllegalStateException.class, () -> trainer.fitAsync(OTHER, Fit.epochs(1)));
            assertTrue(refused.getMessage().contains("a run that is paused, and fitAsync would"), refused.getMessage());
            trainer.predict(OTHER);
        }
    }

    @Test
    void theEventsOfARunAreThoseOfItsCallbacksInTheirOrder() throws Exception {
        RecordingCallback recording = new RecordingCallback();
        List<Runnable> tasks = new ArrayList<>();
        Collected collected = new Collected(Long.MAX_VALUE);
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(
                        Problems.batches(10, 4),
                        Fit.epochs(1).validation(Problems.batches(5, 4)).callbacks(recording),
                        tasks::add)) {
            run.events().subscribe(collected);
            tasks.get(0).run();
            collected.ended.await();
        }
        assertEquals(
                List.of(
                        "TrainBegin",
                        "EpochBegin",
                        "BatchBegin",
                        "BatchEnd accuracy,loss",
                        "BatchBegin",
                        "BatchEnd accuracy,loss",
                        "BatchBegin",
                        "BatchEnd accuracy,loss",
                        "TestBegin",
                        "BatchBegin",
                        "BatchEnd accuracy,loss",
                        "BatchBegin",
                        "BatchEnd accuracy,loss",
                        "TestEnd",
                        "EpochEnd",
                        "TrainEnd",
                        "completed"),
                collected.lines);
        assertEquals(collected.lines.size() - 1, recording.lines().size());
    }

    /** A subscriber that asks for so many events. */
    private static final class Collected implements Flow.Subscriber<Event> {
        private final List<String> lines = new ArrayList<>();
        private final CountDownLatch ended = new CountDownLatch(1);
        private final AtomicReference<Throwable> error = new AtomicReference<>();
        private final long demand;

        Collected(long demand) {
            this.demand = demand;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(demand);
        }

        @Override
        public void onNext(Event event) {
            String name = event.getClass().getSimpleName();
            lines.add(
                    event instanceof Event.BatchEnd batch
                            ? name + " " + String.join(",", batch.logs().keySet())
                            : name);
        }

        @Override
        public void onError(Throwable thrown) {
            error.set(thrown);
            ended.countDown();
        }

        @Override
        public void onComplete() {
            lines.add("completed");
            ended.countDown();
        }
    }

    @Test
    void aSubscriberThatTakesNothingHoldsNothingUp() {
        List<Runnable> tasks = new ArrayList<>();
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, Fit.epochs(100), tasks::add)) {
            run.events().subscribe(new Collected(1));
            run.events(Event.EpochEnd.class).subscribe(new Typed<>(1));
            tasks.get(0).run();
            assertEquals(100, run.history().join().epochs().size());
            // 2 for the run, 2 for each epoch, 2 for each of 500 batches: 1 is taken, 256 wait.
            assertEquals(2 + 200 + 1000 - 1 - 256, run.progress().droppedEvents());
        }
    }

    /** A subscriber to one kind of event. */
    private static final class Typed<E extends Event> implements Flow.Subscriber<E> {
        private final List<E> events = new ArrayList<>();
        private final CountDownLatch ended = new CountDownLatch(1);
        private final long demand;
        private Flow.Subscription subscription;

        Typed(long demand) {
            this.demand = demand;
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            given.request(demand);
        }

        @Override
        public void onNext(E event) {
            events.add(event);
        }

        @Override
        public void onError(Throwable thrown) {
            ended.countDown();
        }

        @Override
        public void onComplete() {
            ended.countDown();
        }
    }

    @Test
    void aSubscriberToEpochsHearsOfNothingElseAndLateOnesOfTheEnd() throws Exception {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, Fit.epochs(3))) {
            Typed<Event.TrainEnd> end = new Typed<>(9);
            run.events(Event.TrainEnd.class).subscribe(end);
            run.history().join();
            end.ended.await();
            assertTrue(end.events.size() <= 1, "at most the one");
            Typed<Event.EpochEnd> late = new Typed<>(9);
            run.events(Event.EpochEnd.class).subscribe(late);
            late.ended.await();
            assertEquals(List.of(), late.events);
        }
    }

    @Test
    void whatFailsIsFoundInTheHistoryAndHeardBySubscribersAfterTheLastEvent() throws Exception {
        IllegalStateException failure = new IllegalStateException("disk full");
        Callback broken = Callback.trainBatchEnd((run, event) -> {
            throw failure;
        });
        List<Runnable> tasks = new ArrayList<>();
        Collected collected = new Collected(Long.MAX_VALUE);
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, Fit.epochs(3).callbacks(broken), tasks::add)) {
            CompletableFuture<History> history = run.history();
            run.events().subscribe(collected);
            tasks.get(0).run();
            CompletionException thrown = assertThrows(CompletionException.class, history::join);
            assertInstanceOf(CallbackException.class, thrown.getCause());
            assertSame(failure, thrown.getCause().getCause());
            assertSame(
                    thrown.getCause(),
                    assertThrows(ExecutionException.class, () -> run.history().get())
                            .getCause());
            collected.ended.await();
            assertSame(thrown.getCause(), collected.error.get());
            assertEquals(List.of("TrainBegin", "EpochBegin", "BatchBegin", "TrainEnd"), collected.lines);
            assertEquals(State.FAILED, run.progress().state());
            assertEquals(1, trainer.fit(DATA, Fit.epochs(1)).epochs().size(), "the trainer is usable");
        }
    }

    @Test
    void aFailureThatNobodyAsksForIsLogged() {
        PrintStream err = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8)); // Where slf4j-simple writes in tests.
        try (Trainer trainer = Problems.trainer()) {
            trainer.fitAsync(DATA.take(0), Fit.epochs(1), Runnable::run).close();
            assertEquals(1, trainer.fit(DATA, Fit.epochs(1)).epochs().size());
        } finally {
            System.setErr(err);
        }
        String said = log.toString(StandardCharsets.UTF_8);
        assertTrue(said.contains("nobody has asked for its history()"), said);
        assertTrue(said.contains("The training data has no batch"), said);
    }

    @Test
    void theHistoryOfACallerIsItsOwn() {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG)) {
            CompletableFuture<History> mine = run.history();
            assertTrue(mine.cancel(true));
            assertTrue(run.history().complete(null));
            assertFalse(run.history().isDone());
            assertEquals(
                    State.RUNNING,
                    run.pause().thenApply(paused -> State.RUNNING).join());
            run.stop("enough");
            assertEquals(Optional.of("enough"), run.history().join().stopReason());
        }
    }

    @Test
    void progressTellsWhereTheRunIs() {
        Own own = new Own();
        List<Progress> seen = new ArrayList<>();
        Callback looking = Callback.trainBatchEnd((run, event) -> {
            if (event.batch() == 2) {
                own.handle().pause();
            }
        });
        try (Trainer trainer = Problems.trainer();
                FitHandle run = own.of(trainer.fitAsync(DATA, Fit.epochs(2).callbacks(looking)))) {
            for (int i = 0; i < 2; i++) {
                Progress progress = run.pause().join();
                while (progress.step() != 3) { // The pause just asked for came before that of the callback.
                    run.resume();
                    progress = run.pause().join();
                }
                seen.add(progress);
                run.resume();
                while (i == 0 && run.progress().epoch() == 0) {
                    Thread.onSpinWait();
                }
            }
            run.history().join();
            seen.add(run.progress());
        }
        assertEquals(List.of(0, 1, 1), seen.stream().map(Progress::epoch).toList());
        assertEquals(List.of(3L, 3L, 5L), seen.stream().map(Progress::step).toList());
        for (Progress progress : seen) {
            assertEquals(OptionalLong.of(5), progress.steps());
            assertEquals(2, progress.epochs());
            assertEquals(Optional.empty(), progress.stopReason());
        }
        assertEquals(Optional.empty(), seen.get(0).lastEpoch());
        assertEquals(0, seen.get(1).lastEpoch().orElseThrow().epoch());
        assertEquals(1, seen.get(2).lastEpoch().orElseThrow().epoch());
        assertEquals(List.of("accuracy", "loss"), List.copyOf(seen.get(0).logs().keySet()));
        assertEquals(3, seen.get(0).logsStep());
        assertTrue(seen.get(0).seconds() > 0);
        assertTrue(
                seen.get(0).toString().startsWith("paused, epoch 1 of 2, step 3 of 5, {accuracy="),
                seen.get(0).toString());
    }

    @Test
    void aRunThatNobodyHasBegunKeepsTheTrainerAndCanBeClosed() {
        List<Runnable> tasks = new ArrayList<>();
        try (Trainer trainer = Problems.trainer()) {
            FitHandle run = trainer.fitAsync(DATA, LONG, tasks::add);
            assertEquals(State.WAITING, run.progress().state());
            assertEquals("waiting", run.progress().toString());
            IllegalStateException refused = assertThrows(IllegalStateException.class, () -> trainer.predict(OTHER));
            assertTrue(refused.getMessage().contains("a fit that has not begun"), refused.getMessage());
            run.close();
            History history = run.history().join();
            assertEquals(Optional.of("closed"), history.stopReason());
            assertEquals(List.of(), history.epochs());
            tasks.get(0).run();
            assertEquals(1, trainer.fit(DATA, Fit.epochs(1)).epochs().size());
        }
    }

    @Test
    void aTrainerIsClosedUnderARunThatNobodyHasBegun() {
        List<Runnable> tasks = new ArrayList<>();
        Trainer trainer = Problems.trainer();
        FitHandle run = trainer.fitAsync(DATA, LONG, tasks::add);
        trainer.close();
        assertTrue(trainer.session().isClosed());
        assertEquals(Optional.of("closed"), run.history().join().stopReason());
        tasks.get(0).run();
    }

    @Test
    void anExecutorThatRefusesLeavesTheTrainerFree() {
        try (Trainer trainer = Problems.trainer()) {
            assertThrows(
                    RejectedExecutionException.class,
                    () -> trainer.fitAsync(DATA, LONG, task -> {
                        throw new RejectedExecutionException("full");
                    }));
            trainer.fit(DATA, Fit.epochs(1));
            try (FitHandle run = trainer.fitAsync(DATA, Fit.epochs(2), Runnable::run)) {
                assertEquals(2, run.history().join().epochs().size());
            }
        }
    }

    @Test
    void theInterruptOfAnExecutorsThreadEndsTheRunPausedOrNot() throws Exception {
        for (boolean paused : new boolean[] {false, true}) {
            ExecutorService executor = Executors.newSingleThreadExecutor();
            try (Trainer trainer = Problems.trainer();
                    FitHandle run = trainer.fitAsync(DATA, LONG, executor)) {
                if (paused) {
                    run.pause().join();
                }
                executor.shutdownNow();
                assertEquals(Optional.of("interrupted"), run.history().join().stopReason());
                assertTrue(executor.awaitTermination(1, TimeUnit.MINUTES));
                trainer.predict(OTHER);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"running", "paused"})
    void aTrainerThatIsClosedEndsTheRunFirst(String state) {
        Trainer trainer = Problems.trainer();
        RecordingCallback recording = new RecordingCallback();
        FitHandle run = trainer.fitAsync(DATA, LONG.callbacks(recording));
        run.pause().join();
        if (state.equals("running")) {
            run.resume();
        }
        trainer.close();
        assertTrue(trainer.session().isClosed());
        assertEquals(Optional.of("closed"), run.history().join().stopReason());
        String last = recording.lines().get(recording.lines().size() - 1);
        assertTrue(last.endsWith("stopped: closed"), last);
    }

    @ParameterizedTest
    @ValueSource(strings = {"running", "paused"})
    void aSessionThatIsClosedEndsTheRunFirst(String state) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(5).build()) {
            Trainer trainer =
                    Problems.trainerOf(Problems.network()).session(session).build();
            FitHandle run = trainer.fitAsync(DATA, LONG);
            if (state.equals("paused")) {
                run.pause().join();
            }
            session.close();
            assertEquals(Optional.of("closed"), run.history().join().stopReason());
            trainer.close();
        }
    }

    @Test
    void aSessionOfTheCallersIsHandedOverAndBack() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(5).build();
                Trainer trainer =
                        Problems.trainerOf(Problems.network()).session(session).build()) {
            trainer.fit(DATA, Fit.epochs(1));
            session.scalar(session.tf().constant(1f)); // It belongs to this thread now.
            try (TensorScope scope = session.scope()) {
                IllegalStateException refused =
                        assertThrows(IllegalStateException.class, () -> trainer.fitAsync(DATA, LONG));
                assertTrue(refused.getMessage().contains("TensorScope"), refused.getMessage());
            }
            try (FitHandle run = trainer.fitAsync(DATA, LONG)) {
                run.pause().join();
                assertEquals(2, session.scalar(session.tf().constant(2f)));
                trainer.predict(OTHER);
                run.resume();
            }
            assertEquals(3, session.scalar(session.tf().constant(3f)));
        }
    }

    @Test
    void twoRunsOnOneSessionPauseInEachOther() {
        try (TapeSession session =
                        TapeSession.builder().threads(1, 1).takeTurns(true).build();
                Trainer first =
                        Problems.trainerOf(Problems.network()).session(session).build();
                Trainer second =
                        Problems.trainerOf(Problems.network()).session(session).build();
                FitHandle one = first.fitAsync(DATA, LONG)) {
            one.pause().join();
            try (FitHandle two = second.fitAsync(DATA, LONG)) {
                two.pause().join();
                first.predict(OTHER);
                second.predict(OTHER);
                one.resume();
                one.pause().join();
                second.predict(OTHER);
            }
            first.predict(OTHER);
            session.scalar(session.tf().constant(1f));
        }
    }

    @Test
    void aClosedRunDoesNotReachWhatItsThreadDoesLater() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (Trainer trainer = Problems.trainer()) {
            trainer.fitAsync(DATA, LONG, executor).close();
            assertEquals(2, executor.submit(() -> trainer.evaluate(OTHER)).get().size());
            FitHandle begun = trainer.fitAsync(DATA, LONG, executor);
            begun.pause().join();
            begun.close();
            assertEquals(2, executor.submit(() -> trainer.evaluate(OTHER)).get().size());
        } finally {
            executor.shutdown();
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

    @Test
    void aCallbackMayAskItsOwnRunForAnythingButToWait() {
        List<Consumer<FitHandle>> waits = List.of(
                run -> run.history().join(),
                run -> run.history().thenApply(History::epochs).join(),
                run -> run.pause().join(),
                run -> run.checkpoint().join(),
                run -> {
                    try {
                        run.history().get(1, TimeUnit.HOURS);
                    } catch (InterruptedException | ExecutionException | TimeoutException e) {
                        throw new AssertionError(e);
                    }
                });
        List<String> refused = new ArrayList<>();
        Own own = new Own();
        Callback asking = new Callback() {
            @Override
            public void onEpochEnd(Run run, Event.EpochEnd event) {
                for (Consumer<FitHandle> wait : waits) {
                    try {
                        wait.accept(own.handle());
                    } catch (IllegalStateException e) {
                        refused.add(e.getMessage());
                    }
                }
                own.handle().resume();
                own.handle().stop("asked from inside");
                assertEquals(Optional.of("asked from inside"), run.stopReason());
                own.handle().pause();
                own.handle().close();
                own.handle().progress();
            }
        };
        try (Trainer trainer = Problems.trainer();
                FitHandle run = own.of(trainer.fitAsync(DATA, LONG.callbacks(asking)))) {
            History history = run.history().join();
            assertEquals(Optional.of("asked from inside"), history.stopReason());
            assertEquals(1, history.epochs().size());
        }
        assertEquals(waits.size(), refused.size());
        refused.forEach(text -> assertTrue(text.contains("inside the run that it would wait for"), text));
    }

    @Test
    void aPredictionThatWaitsForTheRunThatWaitsForItIsRefused() {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG)) {
            run.pause().join();
            List<String> refused = new ArrayList<>();
            trainer.predict(Problems.clusters(4)
                    .peek(example -> {
                        run.stop("enough");
                        try {
                            run.history().join();
                        } catch (IllegalStateException e) {
                            refused.add(e.getMessage());
                        }
                    })
                    .batch(4));
            assertEquals(4, refused.size());
            assertEquals(Optional.of("enough"), run.history().join().stopReason());
        }
    }

    @Test
    void whatFollowsAPauseOnTheThreadOfTheRunMayPredictButNotWait() {
        List<Runnable> tasks = new ArrayList<>();
        Trainer trainer = Problems.trainer();
        FitHandle run = trainer.fitAsync(DATA, LONG, tasks::add);
        CompletableFuture<Void> after = run.pause().thenAccept(paused -> {
            trainer.predict(OTHER);
            assertThrows(IllegalStateException.class, () -> trainer.fit(OTHER, Fit.epochs(1)));
            assertThrows(IllegalStateException.class, () -> run.history().join());
            trainer.close();
        });
        tasks.get(0).run();
        after.join();
        assertEquals(Optional.of("closed"), run.history().join().stopReason());
        assertTrue(trainer.session().isClosed());
    }

    @Test
    void aCloseThatWaitsTooLongSaysForWhom() {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Callback holding = Callback.trainBatchEnd((run, event) -> {
            inside.countDown();
            await(goOn);
        });
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG.callbacks(holding))) {
            await(inside);
            IllegalStateException late =
                    assertThrows(IllegalStateException.class, () -> run.close(Duration.ofMillis(50)));
            assertTrue(late.getMessage().contains("\"tapeloop-fit-"), late.getMessage());
            assertEquals(1, late.getSuppressed().length);
            goOn.countDown();
            run.close();
            assertEquals(State.ENDED, run.progress().state());
            trainer.predict(OTHER);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
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
    void aRunThatHasNowhereToSaveItselfSaysSo() {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG)) {
            for (int i = 0; i < 3; i++) {
                CompletionException nowhere = assertThrows(
                        CompletionException.class, () -> run.checkpoint().join());
                assertInstanceOf(IllegalStateException.class, nowhere.getCause());
                if (i == 0) {
                    run.pause().join();
                } else if (i == 1) {
                    trainer.predict(OTHER); // The pause goes on.
                    run.close();
                }
            }
        }
    }

    @Test
    void anInterruptStopsAnEvaluationAndAPredictionAndLeavesTheTrainerUsable() throws Exception {
        try (Trainer trainer = Problems.trainer()) {
            List<Runnable> calls = List.of(
                    () -> trainer.evaluate(endless(() -> {})),
                    () -> trainer.predict(endless(() -> {})),
                    () -> trainer.predictAll(endless(() -> {})));
            for (Runnable call : calls) {
                CountDownLatch begun = new CountDownLatch(1);
                ExecutorService executor = Executors.newSingleThreadExecutor();
                AtomicReference<Throwable> thrown = new AtomicReference<>();
                boolean[] flag = new boolean[1];
                Future<?> running = executor.submit(() -> {
                    begun.countDown();
                    try {
                        call.run();
                    } catch (RuntimeException e) {
                        thrown.set(e);
                    }
                    flag[0] = Thread.currentThread().isInterrupted();
                });
                begun.await();
                running.cancel(true);
                executor.shutdown();
                assertTrue(executor.awaitTermination(1, TimeUnit.MINUTES));
                assertInstanceOf(CancellationException.class, thrown.get());
                assertTrue(flag[0], "the flag stays set");
                trainer.evaluate(OTHER);
            }
        }
    }

    private static Batches endless(Runnable each) {
        return Problems.clusters(100)
                .peek(example -> each.run())
                .repeat(1_000_000)
                .batch(4);
    }

    @Test
    @Tag("process")
    void threadsPauseResumeStopAndCloseAtAnyMoment() throws Exception {
        races("threads", 60, "ended 60 times");
    }

    @Test
    @Tag("process")
    void callbacksPauseStopAndCloseAtAnyMoment() throws Exception {
        races("callbacks", 24, "asked 24 times");
    }

    @Test
    @Tag("process")
    void pausesAtAnyMomentChangeNoBitAndLeaveNothing() throws Exception {
        races("numbers", 24, "equal 24 times");
    }

    @Test
    @Tag("process")
    @Tag("slow")
    void hundredsOfPausesStopsAndClosesChangeNothing() throws Exception {
        races("threads", 200, "ended 200 times");
        races("callbacks", 48, "asked 48 times");
        races("numbers", 60, "equal 60 times");
    }

    private static void races(String what, int tries, String said) throws Exception {
        String output =
                ChildJava.succeed(Duration.ofMinutes(4), List.of(), FitHandleRaces.class, what, String.valueOf(tries));
        assertTrue(output.contains(said), output);
    }
}
