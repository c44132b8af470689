package io.github.tapeloop.data;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A supply that pulls batches ahead on one daemon thread. The thread waits for room before it assembles, so at most
 * {@code capacity} batches exist besides the consumer's. All state is guarded by {@code ready}.
 */
final class Prefetch implements BatchSupply {

    static final String THREAD_NAME = "tapeloop-prefetch";

    private static final int MOST_PREPARED = 32;

    private final BatchSupply upstream;
    private final int capacity;
    private final ArrayDeque<Batch> ready = new ArrayDeque<>();
    private final Thread thread;
    private Optional<Throwable> failure = Optional.empty();
    private boolean ended;
    private boolean closed;
    /** Whether an interrupt of the consumer was passed on to the thread. */
    private boolean passedOn;
    /** Whether the thread was waited for in vain after that. */
    private boolean waited;

    private long delivered;

    private Prefetch(BatchSupply upstream, int capacity) {
        this.upstream = upstream;
        this.capacity = capacity;
        this.thread = new Thread(this::produce, THREAD_NAME);
        this.thread.setDaemon(true);
    }

    /** Takes ownership of the upstream: the thread closes it when it ends. */
    static Prefetch start(BatchSupply upstream, int capacity) {
        Prefetch prefetch = new Prefetch(upstream, capacity);
        try {
            upstream.prepare(Math.min(capacity, MOST_PREPARED)
                    + 2); // Those that wait, the consumer's, and the one being assembled.
            prefetch.thread.start();
        } catch (RuntimeException | Error e) {
            upstream.close();
            throw e;
        }
        return prefetch;
    }

    private void produce() {
        Optional<Throwable> thrown = Optional.empty();
        try (upstream) {
            while (awaitRoom()) {
                Optional<Batch> batch = upstream.pull();
                if (batch.isEmpty()) {
                    break;
                }
                offer(batch.get());
            }
        } catch (Throwable e) {
            thrown = Optional.of(e);
        }
        synchronized (ready) {
            failure = thrown;
            ended = true;
            ready.notifyAll();
        }
    }

    private boolean awaitRoom() {
        boolean interrupted = false;
        synchronized (ready) {
            while (ready.size() >= capacity && !closed) {
                try {
                    ready.wait();
                } catch (InterruptedException e) {
                    interrupted = true; // Meant for a source that blocks, and kept for it.
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        synchronized (ready) {
            return !closed;
        }
    }

    private void offer(Batch batch) {
        synchronized (ready) {
            if (closed) {
                batch.close();
            } else {
                ready.add(batch);
                ready.notifyAll();
            }
        }
    }

    @Override
    public Optional<Batch> pull() {
        synchronized (ready) {
            await();
            if (closed) {
                throw new IllegalStateException("the prefetched batches were closed while one was awaited");
            }
            if (ready.isEmpty()) {
                if (passedOn) {
                    throw WorkerThreads.interrupted(
                            "batch " + delivered, failure.orElseGet(() -> WorkerThreads.where(thread)));
                }
                failure.ifPresent(this::rethrow);
                return Optional.empty();
            }
            delivered++;
            ready.notifyAll();
            return Optional.of(ready.remove());
        }
    }

    private void rethrow(Throwable original) {
        String where = "batch " + delivered + " was not delivered: the thread " + THREAD_NAME + " failed";
        if (original instanceof RuntimeException || original instanceof Error) {
            // The trace of the original is the prefetch thread's; this one shows who was waiting for the batch.
            original.addSuppressed(new DataException(where));
        }
        if (original instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (original instanceof Error error) {
            throw error;
        }
        throw new DataException(where + ": " + original, original);
    }

    @Override
    public void close() {
        synchronized (ready) {
            closed = true;
            ready.forEach(Batch::close);
            ready.clear();
            ready.notifyAll();
        }
        Duration bound = waited ? Duration.ZERO : WorkerThreads.END;
        WorkerThreads.end(
                List.of(thread), "prefetch", bound); // If it does not end now, it closes the source when it does.
    }

    /**
     * Waits for a batch or the end. An interrupt must not be lost here, nor cut the wait short for a batch that comes soon;
     * then it is passed on to the source, and at last the wait ends.
     */
    private void await() {
        boolean interrupted = false;
        long until = 0;
        while (ready.isEmpty() && !ended && !closed) {
            try {
                long left = until - System.nanoTime();
                if (!interrupted) {
                    ready.wait();
                } else if (left > 0) {
                    TimeUnit.NANOSECONDS.timedWait(ready, left);
                } else if (passedOn) {
                    waited = true;
                    break;
                } else {
                    thread.interrupt();
                    passedOn = true;
                    until = System.nanoTime() + WorkerThreads.END.toNanos();
                }
            } catch (InterruptedException e) {
                if (!interrupted) {
                    until = System.nanoTime() + WorkerThreads.GRACE.toNanos();
                }
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
