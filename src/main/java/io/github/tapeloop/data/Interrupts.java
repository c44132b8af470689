package io.github.tapeloop.data;

/**
 * How loops of stages hear an interrupt. It is meant for the loop over batches, which stops at the next one: so a batch that
 * comes soon still comes, and one that does not is given up.
 */
final class Interrupts {

    private static final ThreadLocal<long[]> NOTICED = ThreadLocal.withInitial(() -> new long[1]);

    private Interrupts() {}

    /** Begins to wait for another batch on this thread. */
    static void begin() {
        NOTICED.get()[0] = 0;
    }

    /**
     * To be called by whatever may be called without end for one batch: by every source for every example.
     *
     * @throws DataException if this thread was interrupted {@link WorkerThreads#GRACE} ago
     */
    static void check() {
        if (Thread.currentThread().isInterrupted()) {
            giveUpInTime();
        }
    }

    private static void giveUpInTime() {
        long[] noticed = NOTICED.get();
        long now = System.nanoTime();
        if (noticed[0] == 0) {
            noticed[0] = now == 0 ? 1 : now;
        } else if (now - noticed[0] > WorkerThreads.GRACE.toNanos()) {
            throw WorkerThreads.interrupted("a batch", null);
        }
    }
}
