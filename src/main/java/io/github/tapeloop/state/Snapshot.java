package io.github.tapeloop.state;

import io.github.tapeloop.runtime.TapeSession;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TType;

/**
 * The values of variables at one moment, to go back to. The values are kept in native memory until {@link #close()}; what
 * a variable held is shared with it until the variable changes, and a copy from then on.
 */
public final class Snapshot implements AutoCloseable {

    private final Map<Variable<?>, Operand<?>> values = new LinkedHashMap<>();
    private Runnable stopListening = () -> {};
    private Runnable afterwards = () -> {};
    private boolean closed;

    private Snapshot(Iterable<? extends Variable<?>> variables) {
        try {
            variables.forEach(this::take);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Keeps the values of some variables.
     *
     * @param variables open ones; of any sessions
     * @return their values now, to be closed by the caller
     * @throws IllegalStateException if a variable is closed
     */
    public static Snapshot of(Iterable<? extends Variable<?>> variables) {
        return new Snapshot(variables);
    }

    /**
     * Keeps the values of some variables, and the first value of each variable made while the snapshot is open: weights
     * and slots are made when a model is first called, and this brings them back to how they were made.
     *
     * @param session where variables may be made
     * @param variables those there are now
     * @return their values, to be closed by the caller
     * @throws IllegalStateException if a variable is closed
     */
    public static Snapshot withNewVariables(TapeSession session, Iterable<? extends Variable<?>> variables) {
        Snapshot snapshot = new Snapshot(variables);
        SessionVariables registry = SessionVariables.of(session);
        Consumer<Variable<?>> listener = snapshot::take;
        registry.add(listener);
        snapshot.stopListening = () -> registry.remove(listener);
        return snapshot;
    }

    /**
     * Keeps the values of all variables of a session, those made while the snapshot is open included: what undoes anything
     * done in the session.
     *
     * @param session an open session
     * @return the values, to be closed by the caller
     */
    public static Snapshot ofAll(TapeSession session) {
        return withNewVariables(session, SessionVariables.of(session).open());
    }

    /**
     * Does something more at the end of each {@link #restore}: puts back what is in no variable.
     *
     * @param action what to do, in place of what was given before
     * @return this
     */
    public Snapshot afterwards(Runnable action) {
        this.afterwards = action;
        return this;
    }

    private void take(Variable<?> variable) {
        TapeSession session = variable.session();
        values.computeIfAbsent(variable, open -> session.persist(() -> read(open, session)));
    }

    @SuppressWarnings("unchecked") // What is read has its variable's type.
    private static Operand<TType> read(Variable<?> variable, TapeSession session) {
        return (Operand<TType>) (Operand<?>) variable.readNow(session.tf());
    }

    /**
     * Gives every variable back the value it had; one that was closed since is left alone. Can be done again.
     *
     * @throws IllegalStateException after {@link #close()}
     */
    public void restore() {
        if (closed) {
            throw new IllegalStateException("This snapshot is closed: restore before closing it");
        }
        values.forEach(Snapshot::assign);
        afterwards.run();
    }

    @SuppressWarnings("unchecked") // A value has its variable's type.
    private static <T extends TType> void assign(Variable<T> variable, Operand<?> value) {
        if (!variable.isClosed()) {
            TapeSession session = variable.session();
            session.unrecorded(() -> variable.assign(session.tf(), (Operand<T>) value));
        }
    }

    /** Frees the values. Closing twice is allowed. */
    @Override
    public void close() {
        closed = true;
        stopListening.run();
        values.forEach((variable, value) -> {
            if (!variable.session().isClosed()) { // A closed session has freed them already.
                variable.session().free(value);
            }
        });
        values.clear();
    }
}
