package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

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

    /** How many steps make an update. */
    long accumulationSteps() {
        return get(GradientAccumulation.class).map(GradientAccumulation::steps).orElse(1L);
    }

    /**
     * One step: accumulate, clip, what users add, decay, update, average, constrain.
     *
     * @param rule updates variables by gradients
     */
    void step(Update update, Slots slots, Gradients gradients, Consumer<Gradients> rule) {
        Optional<GradientAccumulation> accumulation = get(GradientAccumulation.class);
        if (accumulation.isPresent()) {
            accumulation.get().step(update, slots, gradients, mean -> change(update, mean, rule));
        } else {
            change(update, gradients, rule);
        }
        finish(update, slots, gradients);
    }

    /** The step that ends an accumulation early. */
    void flush(Update update, Slots slots, long pending, Consumer<Gradients> rule) {
        GradientAccumulation.Pending sums =
                get(GradientAccumulation.class).orElseThrow().take(update, slots, pending);
        change(update, sums.means(), rule);
        sums.empty();
        finish(update, slots, sums.means());
    }

    private void change(Update update, Gradients gradients, Consumer<Gradients> rule) {
        Gradients changed =
                get(Clip.class).map(clip -> clip.apply(update, gradients)).orElse(gradients);
        for (GradientTransform own : byName.values()) {
            changed = changed(update, own, changed);
        }
        decay(update, changed.variables());
        rule.accept(changed);
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

    /** Asks which variables decay. */
    void ask(Variable<?> variable) {
        if (byKind.containsKey(WeightDecay.class)) {
            decays.of(variable);
        }
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

    private void finish(Update update, Slots slots, Gradients gradients) {
        get(MovingAverage.class).ifPresent(average -> average.follow(update, slots, gradients.variables()));
        gradients.variables().forEach(variable -> variable.project(update.tf()));
    }
}
