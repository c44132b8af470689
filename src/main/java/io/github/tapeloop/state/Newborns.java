package io.github.tapeloop.state;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** The variables of a session, and whom to tell of each that is made. */
final class Newborns {

    private final Set<Consumer<Variable<?>>> listeners = new LinkedHashSet<>();
    private final Set<Variable<?>> open = new LinkedHashSet<>();

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
}
