package io.github.tapeloop.state;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/** Variables by name, in a fixed order: those of a layer and its children, or of an optimizer. Immutable. */
public final class Parameters implements Iterable<Variable<?>> {

    private final Map<String, Variable<?>> byName;
    private final List<Variable<?>> inOrder;

    private Parameters(Map<String, Variable<?>> byName) {
        this.byName = byName;
        this.inOrder = List.copyOf(byName.values());
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
                        + "': give one of their layers a name of its own, where it is registered, or a model that stands"
                        + " alone by named(…)");
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
            throw new IllegalArgumentException("No variable is named '" + name + "'; there are "
                    + (byName.isEmpty()
                            ? "none: a layer makes its variables when it is first called, an optimizer in its first"
                                    + " step"
                            : byName.keySet()));
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
     * Gives these variables the values of others, one after the other in their order, whatever their names: the trained
     * layers of one model to those of another one, or a network to its target network.
     *
     * <pre>{@code
     * body.variables().assign(session.tf(), trained.variables()); // Of any session that is open.
     * }</pre>
     *
     * @param tf ops of the session of these variables
     * @param values as many, of the same shapes and types; those of a layer are there once it was built or called. Those of another
     *     session are copied through memory
     * @throws IllegalArgumentException if their number, a shape or a type differs; nothing is changed
     * @throws IllegalStateException if one of these belongs to another session, one of any is closed, or a session is in use by
     *     another thread; nothing is changed
     */
    public void assign(Ops tf, Parameters values) {
        if (values.size() != size()) {
            throw new IllegalArgumentException("Expected as many values as there are variables, " + names() + ", got "
                    + values.names()
                    + (size() == 0 || values.size() == 0
                            ? ": build both models, or call both layers once, which makes their variables"
                            : ""));
        }
        Iterator<Variable<?>> from = values.iterator();
        List<Runnable> changes = new ArrayList<>();
        for (Variable<?> variable : this) {
            changes.add(change(tf, variable, from.next()));
        }
        changes.forEach(Runnable::run);
    }

    private static <T extends TType> Runnable change(Ops tf, Variable<T> variable, Variable<?> from) {
        if (!from.shape().equals(variable.shape()) || from.type() != variable.type()) {
            throw new IllegalArgumentException(variable + " cannot take the value of " + from);
        }
        variable.handle(tf); // Refuses one of another session while nothing is changed.
        @SuppressWarnings("unchecked") // Their types are the same.
        Operand<T> value = (Operand<T>) from.readIn(tf);
        return () -> variable.assign(tf, value);
    }

    /**
     * The values now, on the Java heap.
     *
     * @return by name, in order: the elements in row-major order, as {@link Variable#toFloats} gives them
     * @throws IllegalArgumentException if a variable holds no numbers
     * @throws IllegalStateException if a variable is closed
     */
    public Map<String, float[]> toFloats() {
        Map<String, float[]> values = new LinkedHashMap<>();
        byName.forEach((name, variable) -> values.put(name, variable.toFloats()));
        return values;
    }

    /**
     * Gives these variables values from the Java heap, between two steps: what {@link #toFloats} gave, or another program.
     *
     * @param values by the names of all of these variables, as many elements each as the variable has, in row-major order
     * @throws IllegalArgumentException if names or numbers of elements differ; nothing is changed
     * @throws IllegalStateException if a variable is closed
     */
    public void assign(Map<String, float[]> values) {
        if (!values.keySet().equals(byName.keySet())) {
            throw new IllegalArgumentException("Expected a value for each of " + names() + ", got " + values.keySet());
        }
        byName.forEach((name, variable) -> variable.requireElements(values.get(name).length));
        byName.forEach((name, variable) -> variable.assign(values.get(name)));
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
        return inOrder.iterator();
    }

    /** Equal to others of the same variables in the same order. */
    @Override
    public boolean equals(Object other) {
        return this == other || other instanceof Parameters parameters && inOrder.equals(parameters.inOrder);
    }

    @Override
    public int hashCode() {
        return inOrder.hashCode();
    }

    @Override
    public String toString() {
        return byName.values().toString();
    }
}
