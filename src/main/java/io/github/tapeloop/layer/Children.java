package io.github.tapeloop.layer;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The layers directly inside one by name, those that are at home there and those that are shared. */
final class Children {

    private final Map<String, Layer> byName = new LinkedHashMap<>();
    /** Those that the layer around them does not train. */
    private final Set<Layer> frozen = new HashSet<>();

    Collection<Layer> all() {
        return byName.values();
    }

    Map<String, Layer> byName() {
        return new LinkedHashMap<>(byName);
    }

    /** A name that is not taken: {@code dense}, {@code dense_1}. */
    String freeName(String base) {
        String free = base;
        for (int number = 1; byName.containsKey(free); number++) {
            free = base + "_" + number;
        }
        return free;
    }

    void add(Layer owner, String name, Layer child) {
        if (child.tree().contains(owner)) {
            throw new IllegalArgumentException("Layer '" + owner.path() + "' cannot have '" + child.path() + "', which "
                    + (child == owner ? "it is itself" : "has it inside") + ": layers go in one direction");
        }
        if (byName.containsValue(child)) {
            throw new IllegalArgumentException(
                    "Layer '" + owner.path() + "' has '" + child.path() + "' already: to use it twice, call it twice");
        }
        if (byName.putIfAbsent(name, child) != null) {
            throw new IllegalArgumentException("Layer '" + owner.path() + "' has a layer named '" + name + "' already");
        }
    }

    void freeze(Layer owner, Layer child, boolean value) {
        if (!byName.containsValue(child)) {
            throw new IllegalArgumentException(
                    "Layer '" + owner.path() + "' has no '" + child.path() + "' directly inside: it"
                            + " has " + byName.keySet() + ". Freeze it where it is registered, or everywhere by"
                            + " trainable(false)");
        }
        if (value) {
            frozen.add(child);
        } else {
            frozen.remove(child);
        }
    }

    boolean isFrozen(Layer child) {
        return !frozen.isEmpty() && frozen.contains(child);
    }
}
