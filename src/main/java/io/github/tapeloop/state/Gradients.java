package io.github.tapeloop.state;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TType;

/**
 * The gradient of a target with respect to each of some variables: what a tape gives and an optimizer takes. A variable
 * that the target does not depend on has none. Immutable; the operands live as long as the scope they were made in.
 */
public final class Gradients {

    private final Map<Variable<?>, Operand<?>> byVariable;
    private final List<Variable<?>> unconnected;

    private Gradients(Map<Variable<?>, Operand<?>> byVariable, List<Variable<?>> unconnected) {
        this.byVariable = byVariable;
        this.unconnected = List.copyOf(unconnected);
    }

    /**
     * Pairs variables with gradients.
     *
     * @param variables the variables asked about
     * @param gradients for each its gradient, of the variable's shape and type, or empty if there is none
     * @return the pairs, in the order given
     * @throws IllegalArgumentException if the lists differ in length, or a variable is given twice
     */
    public static Gradients of(
            List<? extends Variable<?>> variables, List<? extends Optional<? extends Operand<?>>> gradients) {
        if (variables.size() != gradients.size()) {
            throw new IllegalArgumentException(
                    "Expected a gradient for each of " + variables.size() + " variables, got " + gradients.size());
        }
        Map<Variable<?>, Operand<?>> byVariable = new LinkedHashMap<>();
        List<Variable<?>> unconnected = new ArrayList<>();
        for (int i = 0; i < variables.size(); i++) {
            Variable<?> variable = variables.get(i);
            if (byVariable.containsKey(variable) || unconnected.contains(variable)) {
                throw new IllegalArgumentException("Variable '" + variable.name() + "' is asked about twice");
            }
            if (gradients.get(i).isPresent()) {
                byVariable.put(variable, gradients.get(i).get());
            } else {
                unconnected.add(variable);
            }
        }
        return new Gradients(byVariable, unconnected);
    }

    /**
     * The gradient for one variable.
     *
     * @param variable one of the variables asked about
     * @param <T> the variable's type
     * @return its gradient, or empty if the target does not depend on it
     */
    @SuppressWarnings("unchecked") // A gradient has its variable's type.
    public <T extends TType> Optional<Operand<T>> of(Variable<T> variable) {
        return Optional.ofNullable((Operand<T>) byVariable.get(variable));
    }

    /**
     * The variables that have a gradient.
     *
     * @return those, in order
     */
    public List<Variable<?>> variables() {
        return List.copyOf(byVariable.keySet());
    }

    /**
     * The variables asked about that the target does not depend on.
     *
     * @return those, in order
     */
    public List<Variable<?>> unconnected() {
        return unconnected;
    }

    /**
     * Replaces each gradient, as clipping or scaling does.
     *
     * @param change makes the new gradient from a variable and its old one
     * @return new gradients for the same variables
     */
    public Gradients map(BiFunction<? super Variable<?>, ? super Operand<?>, ? extends Operand<?>> change) {
        Map<Variable<?>, Operand<?>> changed = new LinkedHashMap<>();
        byVariable.forEach((variable, gradient) -> changed.put(
                variable,
                Objects.requireNonNull(
                        change.apply(variable, gradient), () -> "no new gradient for '" + variable.name() + "'")));
        return new Gradients(changed, unconnected);
    }

    /** Names the variables that have one. */
    @Override
    public String toString() {
        return byVariable.keySet().stream().map(Variable::name).collect(Collectors.joining(", ", "Gradients[", "]"));
    }
}
