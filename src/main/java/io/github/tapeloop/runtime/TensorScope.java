package io.github.tapeloop.runtime;

import org.tensorflow.Operand;
import org.tensorflow.types.family.TType;

/**
 * The lifetime of native memory: what ops make while this scope is the innermost open one is freed when it closes,
 * except what {@link #keep} hands to the scope around it. Scopes nest as {@code try} blocks do.
 *
 * <pre>{@code
 * try (TensorScope step = session.scope()) {
 *     Operand<TFloat32> y = tf.math.square(x);   // freed at the closing brace
 *     return step.keep(tf.math.sqrt(y));         // lives on in the scope around
 * }
 * }</pre>
 *
 * <p>An operand used after its scope has closed is an {@link IllegalStateException}; where TensorFlow Java itself is asked,
 * as by {@code operand.shape()}, its text speaks of a closed session. A tensor taken with TensorFlow
 * Java's {@code asTensor()} is that library's own object: it stays readable after the scope, and its memory goes with
 * the garbage collector; {@link TapeSession#read} frees at once. Its memory is the session's, which nothing here can
 * change: read after the session was closed it gives what stands there by then, or ends the process. {@link
 * TapeSession#tensor} gives one that is whole then, too.
 *
 * <p>Not thread-safe: a scope belongs to the thread that uses its session.
 */
public final class TensorScope implements AutoCloseable {

    private final TapeSession session;
    private final TensorScope parent;
    private OwnedHandle newest;
    private int live;
    private boolean closed;

    TensorScope(TapeSession session, TensorScope parent) {
        this.session = session;
        this.parent = parent;
    }

    /**
     * Hands an operand to the scope around this one, which frees it in its turn.
     *
     * @param operand an output made inside this scope; one that another scope owns is left where it is
     * @param <T> the operand's type
     * @return the operand itself
     * @throws IllegalStateException if this scope is closed, or the operand has been freed already
     */
    public <T extends TType> Operand<T> keep(Operand<T> operand) {
        requireOpen();
        boolean entered = session.begin();
        try {
            OwnedHandle handle = session.handles().of(operand.asOutput());
            if (handle.owner == this) {
                remove(handle);
                parent.add(handle);
            }
            return operand;
        } finally {
            session.end(entered);
        }
    }

    /**
     * Takes over an operand that belongs to a scope inside this one, so that it lives as long as this.
     *
     * @param operand an operand of this session; one that another scope owns is left where it is
     * @throws IllegalStateException if the operand has been freed already
     */
    public void take(Operand<?> operand) {
        boolean entered = session.begin();
        try {
            OwnedHandle handle = session.handles().of(operand.asOutput());
            for (TensorScope inner = handle.owner; inner != null && inner != this; inner = inner.parent) {
                if (inner.parent == this) {
                    handle.owner.remove(handle);
                    add(handle);
                    return;
                }
            }
        } finally {
            session.end(entered);
        }
    }

    /**
     * How many native handles this scope owns now.
     *
     * @return the number of live handles, those of scopes inside not counted
     */
    public int live() {
        return live;
    }

    /** Frees all that this scope and the scopes opened inside it still own. Closing twice is allowed. */
    @Override
    public void close() {
        if (!closed) {
            session.use().leave(this);
        }
    }

    TapeSession session() {
        return session;
    }

    TensorScope parent() {
        return parent;
    }

    OwnedHandle newest() {
        return newest;
    }

    void add(OwnedHandle handle) {
        handle.owner = this;
        handle.previous = newest;
        handle.next = null;
        if (newest != null) {
            newest.next = handle;
        }
        newest = handle;
        live++;
    }

    void remove(OwnedHandle handle) {
        if (handle.next == null) {
            newest = handle.previous;
        } else {
            handle.next.previous = handle.previous;
        }
        if (handle.previous != null) {
            handle.previous.next = handle.next;
        }
        handle.owner = null;
        handle.previous = null;
        handle.next = null;
        live--;
    }

    void freeAll() {
        closed = true;
        while (newest != null) {
            OwnedHandle handle = newest;
            newest = handle.previous;
            handle.previous = null;
            handle.next = null;
            handle.free();
        }
        live = 0;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("This TensorScope is closed: keep operands before its try block ends");
        }
    }

    /** Says how much it owns. */
    @Override
    public String toString() {
        return "TensorScope[" + live + " live" + (closed ? ", closed]" : "]");
    }
}
