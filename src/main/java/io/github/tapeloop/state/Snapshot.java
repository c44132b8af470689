package io.github.tapeloop.state;

import io.github.tapeloop.runtime.TapeSession;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TType;

/**
 * The values of variables at one moment, to go back to. The values are kept in native memory until {@link #close()}; what
 * a variable held is shared with it until the variable changes, and a copy from then on.
 */
public final class Snapshot implements AutoCloseable {

    private final Map<Variable<?>, Operand<?>> values = new LinkedHashMap<>();
    private Runnable stopListening = () -> {};
    private Map<String, Object> beside = Map.of();
    private Consumer<Map<String, Object>> putBack = kept -> {};
    private boolean closed;

    private Snapshot() {}

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
     * Keeps given values in place of those that variables have.
     *
     * @param given by variable, each makes a value of the variable's shape and type
     * @return the values, to be closed by the caller
     */
    public static Snapshot of(Map<? extends Variable<?>, ? extends Supplier<? extends Operand<?>>> given) {
        Snapshot snapshot = new Snapshot();
        try {
            given.forEach((variable, value) -> snapshot.values.put(variable, persisted(variable, value)));
        } catch (RuntimeException e) {
            snapshot.close();
            throw e;
        }
        return snapshot;
    }

    @SuppressWarnings("unchecked") // A value has its variable's type.
    private static Operand<?> persisted(Variable<?> variable, Supplier<? extends Operand<?>> value) {
        variable.requireOpen();
        return variable.session().persist(() -> (Operand<TType>) value.get());
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
     * Keeps what is in no variable, too.
     *
     * @param kept numbers, flags and texts by name
     * @param back puts them back at the end of each {@link #restore}
     * @return this
     */
    public Snapshot beside(Map<String, Object> kept, Consumer<Map<String, Object>> back) {
        this.beside = Collections.unmodifiableMap(kept);
        this.putBack = back;
        return this;
    }

    /**
     * What is kept beside the variables.
     *
     * @return numbers, flags and texts by name
     */
    public Map<String, Object> beside() {
        return beside;
    }

    /**
     * The values that are kept.
     *
     * @return by variable; they end when this snapshot is closed
     */
    public Map<Variable<?>, Operand<?>> values() {
        return Collections.unmodifiableMap(values);
    }

    /**
     * Keeps the values of another snapshot from now on: those of a checkpoint. What is put back besides is put back as this
     * snapshot does it.
     *
     * @param other has the values; it is closed
     */
    public void take(Snapshot other) {
        other.values.forEach((variable, value) -> {
            Operand<?> before = values.put(variable, value);
            if (before != null) {
                variable.session().free(before);
            }
        });
        beside = other.beside;
        other.values.clear();
        other.close();
    }

    private void take(Variable<?> variable) {
        variable.requireOpen();
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
        putBack.accept(beside);
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

    /** Says how many variables it has. */
    @Override
    public String toString() {
        return "Snapshot[of " + values.size() + " variables" + (closed ? ", closed]" : "]");
    }
}
