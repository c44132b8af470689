package io.github.tapeloop.runtime;

import io.github.tapeloop.lifetime.Hold;
import io.github.tapeloop.lifetime.UseLock;
import java.time.Duration;
import java.util.Optional;

/**
 * The use of a session by threads: who may call it now, whose it is between calls, and which scopes are freed when a use
 * ends.
 */
final class SessionUse {

    /** Longer than a step, and than most layers' first one. */
    static final Duration CLOSING = Duration.ofSeconds(30);

    private final UseLock lock;
    private final ScopeStack scopes;
    private final boolean takesTurns;

    /** @param takesTurns whether the session belongs to nobody between uses; else it belongs to who used it last */
    SessionUse(UseLock lock, ScopeStack scopes, boolean takesTurns) {
        this.lock = lock;
        this.scopes = scopes;
        this.takesTurns = takesTurns;
    }

    /** Begins a call, unless one is running: {@link #end} is told what this returned. */
    boolean begin() {
        return lock.enter();
    }

    void end(boolean entered) {
        if (entered) {
            lock.leave(takesTurns && !scopes.areOpen() ? null : Thread.currentThread());
        }
    }

    /** Like {@link #end}, after a call that is no use: the session belongs to whom it belonged before. */
    void endUnclaimed(boolean entered) {
        if (entered) {
            lock.leave();
        }
    }

    /** Begins several calls; at their end the scopes are freed that were opened inside and not closed. */
    TapeSession.Use enter(String what) {
        UseLock.Use use = lock.enter(what);
        TensorScope before = scopes.current();
        return new TapeSession.Use() {
            private boolean left;

            @Override
            public void lend(Runnable meanwhile) {
                SessionUse.this.lend(what, meanwhile);
            }

            @Override
            public void close() {
                if (!left) {
                    lock.requireInside();
                    left = true;
                    try (use) {
                        scopes.leaveInside(before);
                    }
                }
            }
        };
    }

    /** What others do meanwhile has nothing to do with the scopes that are open here, nor theirs with what follows. */
    private void lend(String what, Runnable meanwhile) {
        Hold hold = lock.hold(what, Thread.currentThread());
        TensorScope before = scopes.replace(scopes.root());
        hold.share(true);
        try {
            hold.lend(meanwhile);
        } finally {
            scopes.replace(before);
            hold.end();
        }
    }

    /** Begins a call that frees what ends before the session, whoever owns that; empty if all is freed anyway. */
    Optional<UseLock.Use> beginFreeing() {
        return lock.await(CLOSING);
    }

    /** @param next whose the session is from now on, or null for the next thread that uses it */
    void handOver(Thread next) {
        boolean orphaned = lock.enterToHandOver();
        if (orphaned) {
            scopes.leaveInside(scopes.root());
        }
        if (scopes.areOpen()) {
            lock.leave();
            throw new IllegalStateException("This TapeSession cannot be handed over while a TensorScope is open, which"
                    + " this thread would close: do it after the closing brace");
        }
        lock.leave(next);
    }

    /** Frees a scope, unless that is left to the thread that closes the session. */
    void leave(TensorScope scope) {
        boolean entered;
        try {
            entered = lock.enter();
        } catch (IllegalStateException e) {
            if (lock.isClosed()) {
                return;
            }
            throw e;
        }
        try {
            scopes.leave(scope);
        } finally {
            end(entered);
        }
    }
}
