package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** The transforms of an optimizer, one of a kind, and the order in which a step applies them. */
final class Transforms {

    private final Map<Class<?>, Transform> byKind = new HashMap<>();
    private final Set<Class<?>> replaceable = new HashSet<>();

    void add(Transform transform) {
        Class<?> kind = transform.getClass();
        Transform before = byKind.get(kind);
        if (before != null && !replaceable.remove(kind)) {
            throw new IllegalArgumentException(
                    "Expected at most one " + kind.getSimpleName() + ", got " + before + " and then " + transform);
        }
        byKind.put(kind, transform);
    }

    void addDefault(Transform transform) {
        add(transform);
        replaceable.add(transform.getClass());
    }

    <T extends Transform> Optional<T> get(Class<T> kind) {
        return Optional.ofNullable(kind.cast(byKind.get(kind)));
    }

    /** How many steps make an update. */
    long accumulationSteps() {
        return get(GradientAccumulation.class).map(GradientAccumulation::steps).orElse(1L);
    }

    /**
     * One step: accumulate, clip, decay, update, average, constrain.
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
        Gradients mean = get(GradientAccumulation.class).orElseThrow().take(update, slots, pending);
        change(update, mean, rule);
        finish(update, slots, mean);
    }

    private void change(Update update, Gradients gradients, Consumer<Gradients> rule) {
        Gradients clipped =
                get(Clip.class).map(clip -> clip.apply(update, gradients)).orElse(gradients);
        decay(update, clipped.variables());
        rule.accept(clipped);
    }

    void decay(Update update, List<Variable<?>> variables) {
        get(WeightDecay.class).ifPresent(decay -> decay.apply(update, variables));
    }

    /** Refuses what a part of another optimizer cannot do for itself. */
    void requireOnlyDecay(Optimizer part) {
        byKind.values().forEach(transform -> requireDecay(part, transform));
    }

    static void requireDecay(Optimizer part, Transform transform) {
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
