package io.github.tapeloop.data;

import io.github.tapeloop.warning.Warnings;
import java.time.Duration;
import java.util.List;

/** The end of the threads of a pass. They run users' code, which may not hear that it is to end. */
final class WorkerThreads {

    /**
     * How long an interrupted loop goes on to wait. An interrupt means "stop at the next batch" to it, so that one which is
     * nearly there is still delivered; a source that blocks is interrupted then.
     */
    static final Duration GRACE = Duration.ofMillis(500);

    /** How long to wait for threads that were interrupted. */
    static final Duration END = Duration.ofSeconds(5);

    private WorkerThreads() {}

    /**
     * Interrupts threads and waits for their end; says whose have not ended, and where they are. An interrupt of the caller
     * does not cut it short; its flag is set again at the end.
     *
     * @param stage what the threads work for, for the message
     * @param bound how long to wait at most for all of them: {@link #END}, or less if that has passed already
     */
    static void end(List<Thread> threads, String stage, Duration bound) {
        threads.forEach(Thread::interrupt);
        long end = System.nanoTime() + bound.toNanos();
        boolean interrupted = false;
        for (Thread thread : threads) {
            long left = end - System.nanoTime();
            while (thread.isAlive() && left > 0) {
                try {
                    thread.join(left / 1_000_000 + 1);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
                left = end - System.nanoTime();
            }
            if (thread.isAlive()) {
                Warnings.warn(
                        WorkerThreads.class,
                        "Thread " + thread.getName() + " of " + stage + " was interrupted, has not ended within "
                                + END.toSeconds() + " s and is left behind: its code does not hear interrupts",
                        where(thread));
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Where a thread is now, as the stack of an exception that is not thrown. */
    static Throwable where(Thread thread) {
        Throwable here = new Throwable("thread " + thread.getName() + " is here");
        here.setStackTrace(thread.getStackTrace());
        return here;
    }

    /** A loop was interrupted while it waited, and what it waited for did not come. */
    static DataException interrupted(String what, Throwable cause) {
        return new DataException("interrupted while " + what + " was awaited", cause);
    }
}
