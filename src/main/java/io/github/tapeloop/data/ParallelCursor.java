package io.github.tapeloop.data;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A cursor that works on the next examples of another one with daemon threads of its own and delivers them in their
 * order. At most two examples a thread are under way. The upstream is read by the thread that pulls only.
 */
final class ParallelCursor implements Cursor {

    static final String THREAD_NAME = "tapeloop-map";

    private final Cursor upstream;
    private final MapSource.Work work;
    private final int most;
    private final ExecutorService workers;
    private final List<Thread> threads = new ArrayList<>();
    private final ArrayDeque<Future<Example>> pending = new ArrayDeque<>();
    /** Where those are in the whole. */
    private final ArrayDeque<Long> places = new ArrayDeque<>();

    private long number;
    private boolean ended;
    /** Whether a worker was waited for in vain. */
    private boolean waited;

    private Example current;
    private long place = -1;

    ParallelCursor(Cursor upstream, MapSource.Work work, int count) {
        this.upstream = upstream;
        this.work = work;
        this.most = 2 * count;
        this.workers = Executors.newFixedThreadPool(count, task -> {
            Thread thread = new Thread(task, THREAD_NAME);
            thread.setDaemon(true);
            threads.add(thread);
            return thread;
        });
    }

    @Override
    public boolean advance() throws IOException {
        while (!ended && pending.size() < most) {
            submitNext();
        }
        if (pending.isEmpty()) {
            return false;
        }
        current = await(pending.remove());
        place = places.remove();
        return true;
    }

    private void submitNext() {
        try {
            if (upstream.advance()) {
                Example example = upstream.example();
                long itsNumber = upstream.number(number++);
                places.add(upstream.place());
                pending.add(workers.submit(() -> work.apply(example, itsNumber)));
            } else {
                ended = true;
            }
        } catch (IOException | RuntimeException e) {
            // It comes out after the examples before it. Where it was, a cursor that has failed need not know.
            ended = true;
            places.add(-1L);
            pending.add(CompletableFuture.failedFuture(e));
        }
    }

    /**
     * Waits for an example. As everywhere in a pass, an interrupt is kept for the loop and does not cut the wait short for
     * what comes soon; then it is passed on to the workers, and at last the wait ends.
     */
    private Example await(Future<Example> future) throws IOException {
        boolean interrupted = false;
        boolean passedOn = false;
        try {
            while (true) {
                try {
                    if (!interrupted) {
                        return future.get();
                    }
                    Duration wait = passedOn ? WorkerThreads.END : WorkerThreads.GRACE;
                    return future.get(wait.toNanos(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (TimeoutException e) {
                    if (passedOn) {
                        waited = true;
                        throw WorkerThreads.interrupted("an example of map", e);
                    }
                    passedOn = true;
                    threads.forEach(Thread::interrupt);
                }
            }
        } catch (ExecutionException e) {
            if (passedOn) {
                throw WorkerThreads.interrupted("an example of map", e.getCause());
            }
            throw rethrown(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static IOException rethrown(Throwable cause) {
        if (cause instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return (IOException) cause;
    }

    @Override
    public void skip(long count) throws IOException {
        long left = count;
        while (left > 0 && !pending.isEmpty()) {
            advance();
            left--;
        }
        if (left > 0 && !ended) {
            upstream.skip(left);
            number += left;
        }
    }

    @Override
    public Example example() {
        return current;
    }

    @Override
    public long place() {
        return place;
    }

    @Override
    public void close() throws IOException {
        workers.shutdownNow();
        pending.clear();
        // After a wait in vain for one worker, those that are idle need a moment to end.
        WorkerThreads.end(threads, "map", waited ? WorkerThreads.GRACE : WorkerThreads.END);
        upstream.close(); // Only the thread that pulls reads it.
    }
}
