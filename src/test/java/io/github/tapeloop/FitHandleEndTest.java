package io.github.tapeloop;

import static io.github.tapeloop.HandledRuns.DATA;
import static io.github.tapeloop.HandledRuns.LONG;
import static io.github.tapeloop.HandledRuns.OTHER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FitHandle.State;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.testing.RecordingCallback;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that is closed, interrupted or refused, begun or not, ends and leaves a trainer that can be used. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FitHandleEndTest {

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
}
