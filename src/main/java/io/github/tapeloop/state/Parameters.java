package io.github.tapeloop.state;

import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Variables by name, in a fixed order: those of a layer and its children, or of an optimizer. Immutable. */
public final class Parameters implements Iterable<Variable<?>> {

    private final Map<String, Variable<?>> byName;

    private Parameters(Map<String, Variable<?>> byName) {
        this.byName = byName;
    }

    /**
     * Collects variables.
     *
     * @param variables in the order to keep
     * @return the collection
     * @throws IllegalArgumentException if two have the same name
     */
    public static Parameters of(Collection<? extends Variable<?>> variables) {
        Map<String, Variable<?>> byName = new LinkedHashMap<>();
        for (Variable<?> variable : variables) {
            if (byName.put(variable.name(), variable) != null) {
                throw new IllegalArgumentException("Two variables are named '" + variable.name()
                        + "': give one of their layers a name of its own");
            }
        }
        return new Parameters(byName);
    }

    /**
     * Collects variables.
     *
     * @param variables in the order to keep
     * @return the collection
     * @throws IllegalArgumentException if two have the same name
     */
    public static Parameters of(Variable<?>... variables) {
        return of(List.of(variables));
    }

    /**
     * The variable of a name.
     *
     * @param name a variable's full name
     * @return the variable
     * @throws IllegalArgumentException if there is none
     */
    public Variable<?> get(String name) {
        Variable<?> variable = byName.get(name);
        if (variable == null) {
            throw new IllegalArgumentException("No variable is named '" + name + "'; there are " + byName.keySet());
        }
        return variable;
    }

    /**
     * The variables that pass a test.
     *
     * @param test which to keep
     * @return those, in the same order
     */
    public Parameters filter(Predicate<? super Variable<?>> test) {
        return of(byName.values().stream().filter(test).toList());
    }

    /**
     * How many variables there are.
     *
     * @return their number
     */
    public int size() {
        return byName.size();
    }

    /**
     * How many numbers the variables hold together.
     *
     * @return the sum of their sizes
     */
    public long elements() {
        return byName.values().stream().mapToLong(v -> v.shape().size()).sum();
    }

    /**
     * The names, in order.
     *
     * @return all names
     */
    public List<String> names() {
        return List.copyOf(byName.keySet());
    }

    @Override
    public Iterator<Variable<?>> iterator() {
        return List.<Variable<?>>copyOf(byName.values()).iterator();
    }

    @Override
    public String toString() {
        return byName.values().toString();
    }
}
