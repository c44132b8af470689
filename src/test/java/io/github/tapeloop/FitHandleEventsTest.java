package io.github.tapeloop;

import static io.github.tapeloop.HandledRuns.DATA;
import static io.github.tapeloop.HandledRuns.LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FitHandle.Progress;
import io.github.tapeloop.FitHandle.State;
import io.github.tapeloop.HandledRuns.Own;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.testing.RecordingCallback;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a run tells who holds its handle: events, history, failure and progress. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FitHandleEventsTest {

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
}
