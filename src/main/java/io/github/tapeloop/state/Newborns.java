package io.github.tapeloop.state;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;

/** Whom to tell of each variable made in a session. */
final class Newborns {

    private final Set<Consumer<Variable<?>>> listeners = new LinkedHashSet<>();

    void add(Consumer<Variable<?>> listener) {
        listeners.add(listener);
    }

    void remove(Consumer<Variable<?>> listener) {
        listeners.remove(listener);
    }

    void made(Variable<?> variable) {
        listeners.forEach(listener -> listener.accept(variable));
    }
}
