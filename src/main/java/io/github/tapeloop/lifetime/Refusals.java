package io.github.tapeloop.lifetime;

import java.time.Duration;

/**
 * The messages of a {@link UseLock}: who may not use the thing, since who does what.
 *
 * @param name of the thing, as messages begin
 */
record Refusals(String name) {

    /** @param other who uses it, or null if the use has not begun */
    IllegalStateException inUse(Thread other, String what, Thread current, boolean pauses) {
        String by = other == null ? "a " + what + " that has not begun" : name(other) + ", in the middle of " + what;
        return new IllegalStateException(name + " is in use by " + by + ", and " + name(current)
                + " cannot use it at the same time: wait until that has returned" + (pauses ? ", or pause it" : "")
                + ", or give each thread a session or trainer of its own");
    }

    IllegalStateException belongs(Thread belongsTo, Thread current) {
        boolean ended = !belongsTo.isAlive();
        return new IllegalStateException(name + " belongs to " + name(belongsTo) + (ended ? ", which has ended," : "")
                + " and cannot be used by " + name(current) + ": close the scopes that are open and call"
                + " session.handOver()" + (ended ? "" : " there")
                + " before another thread goes on with it, or open a session for each thread");
    }

    IllegalStateException handedOverInside(String what) {
        return new IllegalStateException(
                name + " cannot be handed over in the middle of " + what + ": do it afterwards");
    }

    IllegalStateException notInside(Thread current) {
        return new IllegalStateException(name + " is not in use by " + name(current)
                + ", which ends its use: a use is ended by the thread that began it");
    }

    IllegalStateException closed(Thread by) {
        return new IllegalStateException(name + " is closed" + (by == Thread.currentThread() ? "" : ", by " + name(by))
                + ": open a new one, and build the model in it");
    }

    /** @param other who has not come to an end, or null if that is not known; the exception has its stack */
    IllegalStateException overdue(Thread other, String what, Thread current, Duration bound, String asked) {
        IllegalStateException error = new IllegalStateException(name + " is in use by "
                + (other == null ? "a thread" : name(other)) + ", in the middle of " + what + ", which "
                + asked + " by " + name(current) + " and has not returned for " + bound.toMillis()
                + " ms. What it uses is not freed before it returns");
        if (other != null) {
            Throwable where = new Throwable(name(other) + " is here");
            where.setStackTrace(other.getStackTrace());
            error.addSuppressed(where);
        }
        return error;
    }

    private static String name(Thread thread) {
        return "thread \"" + thread.getName() + "\" #" + thread.getId();
    }
}
