package io.github.tapeloop.runtime;

import io.github.tapeloop.lifetime.ClosingActions;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * The owner of functions and variables that end before their session does: a trainer owns the functions it traced and its
 * metrics' variables, so that a session given to one trainer after the other holds no more after the last than before the
 * first.
 *
 * <pre>{@code
 * try (Owner owner = session.owner()) {
 *     TracedFunction f = owner.own(TracedFunction.trace(session, "f", inputs, body));
 *     f.call(arguments);
 * }   // f is freed here, if not by owner.release(f) before
 * }</pre>
 *
 * <p>It may be closed by any thread, also by one that the session does not belong to, and waits for a call of another
 * thread to end; otherwise it is used as its session is.
 */
public final class Owner implements AutoCloseable {

    private final TapeSession session;
    private final Runnable closing = this::closeAll;
    private final ClosingActions actions = new ClosingActions();
    private final Map<AutoCloseable, Runnable> owned = new IdentityHashMap<>();
    private boolean closed;

    Owner(TapeSession session) {
        this.session = session;
        session.onClose(closing);
    }

    /**
     * Takes something over.
     *
     * @param made what is to be closed at the end, before what was taken over earlier; taking it twice is taking it once
     * @param <A> its type
     * @return the same
     * @throws IllegalStateException if this owner is closed; what was made is closed then
     */
    public <A extends AutoCloseable> A own(A made) {
        boolean entered = session.begin();
        try {
            if (closed) {
                close(made);
                throw new IllegalStateException("This Owner is closed and can own nothing more");
            }
            owned.computeIfAbsent(made, key -> {
                Runnable action = () -> close(made);
                actions.add(action);
                return action;
            });
            return made;
        } finally {
            session.use().endUnclaimed(entered);
        }
    }

    /**
     * Closes something ahead of the rest.
     *
     * @param made what {@link #own} was given
     */
    public void release(AutoCloseable made) {
        boolean entered = session.begin();
        try {
            Runnable action = owned.remove(made);
            if (action != null) {
                actions.remove(action);
                action.run();
            }
        } finally {
            session.use().endUnclaimed(entered);
        }
    }

    /**
     * How much is owned now.
     *
     * @return what was taken over and not released since
     */
    public int size() {
        return actions.size();
    }

    /**
     * Closes all that is owned, the last first; later exceptions are suppressed in the first. Closing twice is allowed, and
     * after the session has been closed nothing is left to do.
     */
    @Override
    public void close() {
        session.use().beginFreeing().ifPresent(use -> {
            try (use) {
                session.cancelOnClose(closing);
                closeAll();
            }
        });
    }

    private void closeAll() {
        closed = true;
        owned.clear();
        actions.run();
    }

    private static void close(AutoCloseable made) {
        try {
            made.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("could not be closed: " + made, e);
        }
    }

    /** Says how much it owns. */
    @Override
    public String toString() {
        return "Owner[of " + owned.size() + (closed ? ", closed]" : "]");
    }
}
