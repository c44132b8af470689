package io.github.tapeloop.store;

import io.github.tapeloop.state.CheckpointException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Writes on a thread of its own while training goes on. There is at most one write in flight: who wants another waits for the first. A failure
 * arrives at whoever asks next, once. Used by one thread at a time.
 */
final class BackgroundWriter implements AutoCloseable {

    private final ThreadPoolExecutor thread;
    private final AtomicReference<CheckpointException> failure = new AtomicReference<>();
    /** The last that was begun: the thread takes one after the other. */
    private CompletableFuture<Path> inFlight = CompletableFuture.completedFuture(null);

    /** @param name of the thread, which does not keep the process alive */
    BackgroundWriter(String name) {
        thread = new ThreadPoolExecutor(0, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            Thread made = new Thread(work, name);
            made.setDaemon(true);
            return made;
        });
    }

    /**
     * Begins a write, when the one before has ended.
     *
     * @param write does it
     * @return how it ended: with what {@code write} returned or threw
     * @throws CheckpointException if the one before has failed, and nobody was told
     */
    CompletableFuture<Path> begin(Supplier<Path> write) {
        await();
        return queue(write);
    }

    /**
     * As {@link #begin}, without waiting for the one before: for what is small.
     *
     * @param write does it
     * @return how it ended
     * @throws CheckpointException if one before has failed, and nobody was told
     */
    CompletableFuture<Path> queue(Supplier<Path> write) {
        check();
        CompletableFuture<Path> ended = new CompletableFuture<>();
        inFlight = ended;
        thread.execute(() -> {
            try {
                ended.complete(write.get());
            } catch (CheckpointException e) {
                fail(ended, e);
            } catch (Throwable e) { // Of memory that there is not, for example: nobody else would hear of it.
                fail(ended, new CheckpointException("A checkpoint could not be written: " + e, e));
            }
        });
        return ended.copy();
    }

    private void fail(CompletableFuture<Path> ended, CheckpointException e) {
        failure.set(e);
        ended.completeExceptionally(e);
    }

    /** Waits until nothing is in flight. An interrupt does not shorten it: half a checkpoint is none. */
    void await() {
        boolean interrupted = false;
        while (true) {
            try {
                inFlight.get();
                break;
            } catch (ExecutionException e) {
                break; // It is told by check().
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** @throws CheckpointException if a write has failed since this was asked last */
    void check() {
        CheckpointException e = failure.get() == null ? null : failure.getAndSet(null);
        if (e != null) {
            throw new CheckpointException(e.getMessage(), e); // With the stack of who hears of it as well.
        }
    }

    /** Whether nothing is in flight. */
    boolean isIdle() {
        return inFlight.isDone();
    }

    /** Waits, and ends the thread. Failures are left to {@link #check}. */
    @Override
    public void close() {
        await();
        thread.shutdown();
    }
}
