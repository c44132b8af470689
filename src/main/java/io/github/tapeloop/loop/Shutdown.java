package io.github.tapeloop.loop;

import io.github.tapeloop.warning.Warnings;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The end of the process as far as a run has to do with it: it is asked to keep its state, and waited for. */
final class Shutdown {

    private final Optional<Duration> most;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile boolean asked;
    private Thread hook;

    /** @param most how long the process waits at most; empty if it does not ask */
    Shutdown(Optional<Duration> most) {
        this.most = most;
    }

    /** Begins to listen, on the thread of the run. */
    void listen() {
        if (most.isEmpty()) {
            return;
        }
        Thread loop = Thread.currentThread();
        hook = new Thread(() -> ask(loop), "tapeloop-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    private void ask(Thread loop) {
        asked = true;
        if (hasAskedItself(loop)) { // It waits for the end of the process, and that for this.
            return;
        }
        try {
            if (!done.await(most.orElseThrow().toNanos(), TimeUnit.NANOSECONDS)) {
                Warnings.warn(
                        Shutdown.class,
                        "The process ends, and the run has not come to the end of its step within " + most.orElseThrow()
                                + ": the checkpoint before stays the newest. A longer onShutdown(…) waits for the step");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean hasAskedItself(Thread loop) {
        return Arrays.stream(loop.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals("java.lang.Shutdown"));
    }

    /** Whether the process is about to end. */
    boolean isAsked() {
        return asked;
    }

    /** The run has done what it could: the process may end. */
    void done() {
        done.countDown();
    }

    /** Does not listen any more. */
    void end() {
        done();
        if (hook != null && !asked) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                asked = true; // The process has begun to end just now.
            }
            hook = null;
        }
    }
}
