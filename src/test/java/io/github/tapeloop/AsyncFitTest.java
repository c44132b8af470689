package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.FitHandle.State;
import io.github.tapeloop.lifetime.Hold;
import io.github.tapeloop.lifetime.UseLock;
import io.github.tapeloop.runtime.TapeSession;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The checkpoints that a handle asks for: taken on the thread of the run, between batches or in a pause. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class AsyncFitTest {

    private final UseLock lock = new UseLock("This trainer", () -> {});

    /** A run of nothing but boundaries. */
    private AsyncFit run(TapeSession session, Supplier<CompletionStage<Path>> saving) {
        Hold hold;
        try (UseLock.Use call = lock.enter("fit")) {
            hold = lock.hold("fit", null);
        }
        AsyncFit run = new AsyncFit(hold, () -> false, lock::isInside, begun -> {
            while (!begun.isClosing()) {
                begun.between(Optional.of(saving), true);
            }
            return new History(List.of(), Optional.of("closed"), 0, 0, 0, List.of());
        });
        new Thread(() -> run.run(session), "runner").start();
        return run;
    }

    @Test
    void aCheckpointIsTakenOnTheThreadOfTheRunAndToldWhenItIsWritten() throws Exception {
        CompletableFuture<Path> written = new CompletableFuture<>();
        String[] taker = new String[1];
        try (TapeSession session = TapeSession.builder().takeTurns(true).build();
                FitHandle handle = new FitHandle(run(session, () -> {
                    taker[0] = Thread.currentThread().getName();
                    return written;
                }))) {
            CompletableFuture<Path> checkpoint = handle.checkpoint();
            handle.pause().join();
            assertEquals("runner", taker[0]);
            assertFalse(checkpoint.isDone());
            written.complete(Path.of("step-7"));
            assertEquals(Path.of("step-7"), checkpoint.join());
        }
    }

    @Test
    void aCheckpointInAPauseIsToldWhenOthersMayGoInAgain() {
        AtomicInteger saved = new AtomicInteger();
        try (TapeSession session = TapeSession.builder().takeTurns(true).build();
                FitHandle handle = new FitHandle(run(session, () -> {
                    session.scalar(session.tf().constant(1f)); // Inside, as a snapshot is.
                    return CompletableFuture.completedFuture(Path.of("step-" + saved.incrementAndGet()));
                }))) {
            handle.pause().join();
            for (int i = 1; i <= 200; i++) {
                assertEquals(Path.of("step-" + i), handle.checkpoint().join());
                lock.enter("predict").close();
                assertEquals(State.PAUSED, handle.progress().state());
            }
        }
    }

    @Test
    void aCheckpointThatFailsIsTheCallersToKnow() {
        IllegalStateException full = new IllegalStateException("disk full");
        try (TapeSession session = TapeSession.builder().takeTurns(true).build()) {
            FitHandle handle = new FitHandle(run(session, () -> {
                throw full;
            }));
            CompletionException thrown = assertThrows(
                    CompletionException.class, () -> handle.checkpoint().join());
            assertSame(full, thrown.getCause());
            handle.close();
            ExecutionException late = assertThrows(
                    ExecutionException.class, () -> handle.checkpoint().get());
            assertEquals(
                    "The run has ended: there is nothing left to save",
                    late.getCause().getMessage());
            assertEquals(State.ENDED, handle.progress().state());
        }
    }
}
