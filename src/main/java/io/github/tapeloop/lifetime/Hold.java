package io.github.tapeloop.lifetime;

import java.time.Duration;

/**
 * A hold on a {@link UseLock}, for a use that is not inside all the time: it begins later, on a thread that need not be known yet,
 * and can let others in for a while. As long as there is a hold, nobody frees what the lock guards, and nobody goes in but those
 * it lets in. Any thread may call {@link #share} and {@link #end}.
 */
public final class Hold {

    private final UseLock lock;
    private final String what;
    private volatile Thread thread;
    private volatile boolean shared;

    /** @param thread who holds, or null before somebody has begun */
    Hold(UseLock lock, String what, Thread thread) {
        this.lock = lock;
        this.what = what;
        this.thread = thread;
    }

    /**
     * Begins the use, on the thread whose it is from now on, after having waited for who is inside. It begins as well if
     * somebody has asked for the end of what is guarded: the use is to look for that itself.
     *
     * @return ends the use and this hold; to be closed by the same thread
     */
    public UseLock.Use begin() {
        thread = Thread.currentThread();
        lock.comeIn();
        return () -> {
            lock.requireInside();
            lock.end(this);
            lock.leave();
        };
    }

    /**
     * Goes out until some work has returned, and comes back when nobody else is inside. Others are let in only as long as the
     * hold is {@link #share shared}.
     *
     * @param meanwhile what to do outside, on this thread: mostly to wait
     */
    public void lend(Runnable meanwhile) {
        lock.lend(this, meanwhile);
    }

    /**
     * Says whether others may go in, in turn, while the use is outside.
     *
     * @param open true if they may; who is inside is never driven out
     */
    public void share(boolean open) {
        shared = open;
    }

    /** Ends the hold, of a use that never begins or of one that is inside. Ending twice is allowed. */
    public void end() {
        lock.end(this);
    }

    /**
     * Waits until this hold has ended.
     *
     * @param bound how long at most
     * @return whether it has; false if its thread has called {@code System.exit}, and waits for the hooks
     * @throws IllegalStateException if it has not by then; it names the thread and says where it is
     */
    public boolean awaitEnd(Duration bound) {
        return lock.awaitEnd(this, bound);
    }

    /**
     * Whose use it is.
     *
     * @return its thread, or null as long as it has not begun
     */
    public Thread thread() {
        return thread;
    }

    String what() {
        return what;
    }

    boolean lets(Thread other) {
        return shared || other == thread;
    }
}
