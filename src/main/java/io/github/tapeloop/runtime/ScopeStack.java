package io.github.tapeloop.runtime;

/** The open scopes of a session, of which the innermost owns what ops make. The outermost lasts as long as the session. */
final class ScopeStack {

    private final TapeSession session;
    private final TensorScope root;
    private TensorScope current;

    ScopeStack(TapeSession session) {
        this.session = session;
        this.root = new TensorScope(session, null);
        this.current = root;
    }

    TensorScope root() {
        return root;
    }

    TensorScope current() {
        return current;
    }

    /** Opens a scope inside the current one. */
    TensorScope open() {
        current = new TensorScope(session, current);
        return current;
    }

    /** Sets the stack aside for another: what this returns is to be given back. */
    TensorScope replace(TensorScope other) {
        TensorScope before = current;
        current = other;
        return before;
    }

    /** Frees a scope and those opened inside it. */
    void leave(TensorScope scope) {
        boolean open = false;
        for (TensorScope s = current; s != null && !open; s = s.parent()) {
            open = s == scope;
        }
        if (!open) { // It belongs to a stack that was set aside: only its own memory is its business.
            scope.freeAll();
            return;
        }
        while (current != scope) {
            current.freeAll();
            current = current.parent();
        }
        scope.freeAll();
        current = scope == root ? root : scope.parent();
    }

    /** Frees the scopes opened since one was the innermost, if it is still open. */
    void leaveInside(TensorScope scope) {
        for (TensorScope s = current; s != null; s = s.parent()) {
            if (s.parent() == scope) {
                leave(s);
                return;
            }
        }
    }

    /** Whether a scope is open but for the outermost. */
    boolean areOpen() {
        return current != root;
    }

    /** How many handles the scopes own. */
    int live() {
        int handles = 0;
        for (TensorScope scope = current; scope != null; scope = scope.parent()) {
            handles += scope.live();
        }
        return handles;
    }
}
