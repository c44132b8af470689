package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.types.TBool;

/** The transforms of an optimizer, and the order in which a step applies them. */
final class Transforms {

    /** Tapeloop's own, one of a kind. */
    private final Map<Class<?>, Optimizer.Transform> byKind = new HashMap<>();

    private final Set<Class<?>> replaceable = new HashSet<>();
    /** Those of users, in order, by name. */
    private final Map<String, GradientTransform> byName = new LinkedHashMap<>();

    private final OncePerVariable<Boolean> decays = new OncePerVariable<>(
            variable -> get(WeightDecay.class).orElseThrow().covers(variable));

    /** Adds all, or none if one of them cannot be added. */
    void add(Optimizer.Transform... added) {
        Transforms after = new Transforms();
        after.byKind.putAll(byKind);
        after.replaceable.addAll(replaceable);
        after.byName.putAll(byName);
        for (Optimizer.Transform transform : added) {
            after.addOne(transform);
        }
        byKind.putAll(after.byKind);
        replaceable.retainAll(after.replaceable);
        byName.putAll(after.byName);
    }

    private void addOne(Optimizer.Transform transform) {
        if (transform instanceof GradientTransform own) {
            String name = requireName(own);
            if (byName.putIfAbsent(name, own) != null) {
                throw new IllegalArgumentException("Expected at most one transform named '" + name
                        + "', since slots have that name, got " + byName.get(name) + " and then " + own);
            }
            return;
        }
        Class<?> kind = transform.getClass();
        Optimizer.Transform before = byKind.get(kind);
        if (before != null && !replaceable.remove(kind)) {
            throw new IllegalArgumentException(
                    "Expected at most one " + kind.getSimpleName() + ", got " + before + " and then " + transform);
        }
        byKind.put(kind, transform);
    }

    /** The class of a lambda has another name in each run, and an anonymous one none. */
    private static String requireName(GradientTransform transform) {
        String name = transform.name();
        Class<?> type = transform.getClass();
        boolean accidental = type.isHidden() || type.isSynthetic();
        if (name.isBlank() || accidental && name.equals(type.getSimpleName())) {
            throw new IllegalArgumentException("Expected a transform with a name, got " + transform
                    + ": give it one by GradientTransform.of(name, …), or override name()");
        }
        return name;
    }

    void addDefault(Optimizer.Transform transform) {
        add(transform);
        replaceable.add(transform.getClass());
    }

    <T extends Optimizer.Transform> Optional<T> get(Class<T> kind) {
        return Optional.ofNullable(kind.cast(byKind.get(kind)));
    }

    /** Whether the transforms make the same ops in every step. */
    boolean isTraceable() {
        for (GradientTransform own : byName.values()) {
            if (!own.isTraceable()) {
                return false;
            }
        }
        return true;
    }

    /** Whether none of them is the user's. */
    boolean isOwn() {
        return byName.isEmpty();
    }

    /** Whether a step has to do with variables that it has no gradient of: their sums or averages go on. */
    boolean carry() {
        return get(GradientAccumulation.class).isPresent()
                || get(MovingAverage.class).isPresent();
    }

    /**
     * One update: clip, what users add, decay, update, average, constrain.
     *
     * @param met all variables that steps have had gradients of
     * @param has whether a variable has a gradient, of those of which this turns out in the graph: the others are left alone
     * @param rule updates variables by gradients
     */
    void change(
            Update update,
            Slots slots,
            Collection<Variable<?>> met,
            Gradients gradients,
            Map<Variable<?>, Operand<TBool>> has,
            Consumer<Gradients> rule) {
        undoing(update, slots, has, () -> {
            Gradients changed =
                    get(Clip.class).map(clip -> clip.apply(update, gradients)).orElse(gradients);
            for (GradientTransform own : byName.values()) {
                changed = changed(update, own, changed);
            }
            decay(update, changed.variables());
            rule.accept(changed);
        });
        get(MovingAverage.class).ifPresent(average -> average.follow(update, slots, met));
        undoing(update, slots, has, () -> gradients.variables().forEach(variable -> variable.project(update.tf())));
    }

    /** Does something that does not count for some variables and their slots, which turns out in the graph. */
    private static void undoing(Update update, Slots slots, Map<Variable<?>, Operand<TBool>> has, Runnable body) {
        if (has.isEmpty()) {
            body.run();
            return;
        }
        Undo undo = new Undo(update.tf());
        has.forEach(undo::remember);
        slots.remember((owner, slot) -> {
            if (has.containsKey(owner)) {
                undo.remember(slot, has.get(owner));
            }
        });
        try {
            body.run();
        } finally {
            slots.remember(null);
        }
        undo.end();
    }

    private static Gradients changed(Update update, GradientTransform transform, Gradients gradients) {
        Gradients changed = transform.apply(update.within(transform.name()), gradients);
        if (changed == null || !Set.copyOf(changed.variables()).equals(Set.copyOf(gradients.variables()))) {
            throw new IllegalArgumentException("Expected of the transform " + transform
                    + " a gradient for each variable that had one, " + ApplyCheck.names(gradients.variables())
                    + ", got " + (changed == null ? "null" : ApplyCheck.names(changed.variables())));
        }
        for (Variable<?> variable : changed.variables()) {
            ApplyCheck.requireLike(
                    "The transform " + transform + " gave a gradient that does not fit. ",
                    variable,
                    changed.of(variable).orElseThrow());
        }
        return changed;
    }

    /** Asks which variables decay, and begins averages with the values before the first update. */
    void ask(Variable<?> variable, Slots slots) {
        if (byKind.containsKey(WeightDecay.class)) {
            decays.of(variable);
        }
        get(MovingAverage.class).ifPresent(average -> average.begin(slots, Optimizer.number(variable)));
    }

    void decay(Update update, List<Variable<?>> variables) {
        get(WeightDecay.class).ifPresent(decay -> {
            for (Variable<?> variable : variables) {
                if (decays.of(variable)) {
                    decay.apply(update, Optimizer.number(variable));
                }
            }
        });
    }

    /** Refuses what a part of another optimizer cannot do for itself. */
    void requireOnlyDecay(Optimizer part) {
        byKind.values().forEach(transform -> requireDecay(part, transform));
        byName.values().forEach(transform -> requireDecay(part, transform));
    }

    static void requireDecay(Optimizer part, Optimizer.Transform transform) {
        if (!(transform instanceof WeightDecay)) {
            throw new IllegalArgumentException("A part of a ByVariable can have a weight decay only, got a "
                    + part.getClass().getSimpleName() + " with " + transform + ": give that to the ByVariable");
        }
    }
}
