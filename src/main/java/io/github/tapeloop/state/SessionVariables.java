package io.github.tapeloop.state;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.tensorflow.Operand;

/** The registry of a session's variables: those that are open, whom to tell of new ones, and values that wait for theirs. */
final class SessionVariables {

    private final Set<Consumer<Variable<?>>> listeners = new LinkedHashSet<>();
    private final Set<Variable<?>> open = new LinkedHashSet<>();
    private final Map<String, Deque<Pending>> pending = new HashMap<>();
    private long numbers;

    /** A first value, and what the variable may be called that takes it. */
    private record Pending(List<String> names, Supplier<? extends Operand<?>> value) {}

    static SessionVariables of(TapeSession session) {
        return RecordingEnvironment.of(session.tf()).attachment(SessionVariables.class, SessionVariables::new);
    }

    /** A number that no other variable of the session gets. */
    long number() {
        return numbers++;
    }

    void add(Consumer<Variable<?>> listener) {
        listeners.add(listener);
    }

    void remove(Consumer<Variable<?>> listener) {
        listeners.remove(listener);
    }

    void made(Variable<?> variable) {
        open.add(variable);
        listeners.forEach(listener -> listener.accept(variable));
    }

    void closed(Variable<?> variable) {
        open.remove(variable);
    }

    /** The variables that were made and not closed since, in order. */
    List<Variable<?>> open() {
        return List.copyOf(open);
    }

    /** Keeps a first value for the next variable of one of some names; several of a name are taken in their order. */
    void expect(List<String> names, Supplier<? extends Operand<?>> value) {
        Pending added = new Pending(names, value);
        names.forEach(
                name -> pending.computeIfAbsent(name, key -> new ArrayDeque<>()).add(added));
    }

    /** The value that waits for a variable of a name, which is taken with it; null if there is none. */
    Supplier<? extends Operand<?>> take(String name) {
        Deque<Pending> values = pending.get(name);
        if (values == null) {
            return null;
        }
        Pending next = values.peek();
        next.names().forEach(other -> {
            pending.get(other).remove(next);
            if (pending.get(other).isEmpty()) {
                pending.remove(other);
            }
        });
        return next.value();
    }
}
