package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Variable;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Every public optimizer and what goes with it: how to make it and what sets it. */
public final class OptimizerKind {

    private static final Set<String> NEGATIVE = Set.of("beta2Decay", "learningRatePower");

    private OptimizerKind() {}

    /** Makes an optimizer of a class. */
    public static Optimizer make(Class<? extends Optimizer> type) throws ReflectiveOperationException {
        return type == ByVariable.class
                ? ByVariable.otherwise(new Sgd())
                : type.getConstructor().newInstance();
    }

    /** What sets an optimizer. */
    public static Stream<Method> setters(Class<?> type) {
        return Setters.of(type).filter(setter -> setter.getParameterCount() > 0);
    }

    /** Makers of transforms, each public class at least once. */
    public static Stream<Supplier<Optimizer.Transform>> transforms() {
        return Stream.of(
                () -> Clip.norm(1),
                () -> Clip.globalNorm(1),
                () -> Clip.value(1),
                () -> GradientAccumulation.of(2),
                () -> GradientTransform.traceable("own", (update, gradients) -> gradients),
                () -> MovingAverage.of(0.9),
                () -> WeightDecay.of(0.1));
    }

    /**
     * Legal arguments of a setter of an optimizer, a transform or a loss scale.
     *
     * @param variable one that the optimizer updates
     */
    public static Map<Class<?>, Object> values(Method setter, Variable<?> variable) {
        Predicate<String> none = name -> false;
        return Map.of(
                double.class,
                NEGATIVE.contains(setter.getName()) ? -0.5 : 0.5,
                boolean.class,
                true,
                int.class,
                3,
                long.class,
                3L,
                Predicate.class,
                none,
                Optimizer.class,
                new Sgd(),
                Variable[].class,
                new Variable<?>[] {variable},
                Optimizer.Transform[].class,
                new Optimizer.Transform[] {GradientTransform.of("own", (update, gradients) -> gradients)},
                LossScale.class,
                LossScale.dynamic());
    }
}
