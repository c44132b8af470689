package io.github.tapeloop.data;

/** Waiting for threads of a pass. */
final class Threads {

    private Threads() {}

    /** Waits for the end of a thread. An interrupt does not cut it short; its flag is set again at the end. */
    static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
