package io.github.tapeloop.data;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Pulls batches ahead on one daemon thread. The thread waits for room before it assembles, so at most {@code capacity}
 * batches exist besides the consumer's. All state is guarded by {@code ready}.
 */
final class Prefetch implements BatchSupply {

    static final String THREAD_NAME = "tapeloop-prefetch";

    private final BatchSupply upstream;
    private final int capacity;
    private final ArrayDeque<Batch> ready = new ArrayDeque<>();
    private final Thread thread;
    private Optional<Throwable> failure = Optional.empty();
    private boolean ended;
    private boolean closed;
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
            upstream.prepare(capacity + 2); // Those that wait, the consumer's, and the one being assembled.
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
        synchronized (ready) {
            await(() -> ready.size() < capacity || closed);
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
            await(() -> !ready.isEmpty() || ended || closed);
            if (closed) {
                throw new IllegalStateException("the prefetched batches were closed while one was awaited");
            }
            if (ready.isEmpty()) {
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
        // Ends a blocking read of the source.
        thread.interrupt();
        Threads.join(thread);
    }

    /** An interrupt means "stop at the next batch" to a loop; it must neither be lost here nor cut a wait short. */
    private void await(BooleanSupplier condition) {
        boolean interrupted = false;
        while (!condition.getAsBoolean()) {
            try {
                ready.wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
