package io.github.tapeloop.parts;

import io.github.tapeloop.layer.ActivationFunction;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Constraint;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.settings.LibraryClasses;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the library offers of a kind, found in its classes, under the names that the table uses. */
final class Parts {

    /** What goes with any optimizer and is no {@link Optimizer.Transform}. */
    private static final List<String> OTHER_TRANSFORMS =
            List.of("GradientTransform", "LossScale", "Optimizer.with", "Variable.projection");

    /** A formula of the user's, so there is nothing to compare with. */
    private static final String OWN_SCHEDULE = "Schedule.traceable";

    /** Losses that Keras has a metric of, which is {@code Metric.of} one of them here. */
    private static final Set<String> METRICS_IN_KERAS = Set.of(
            "BinaryCrossentropy",
            "CategoricalCrossentropy",
            "CategoricalHinge",
            "Hinge",
            "KlDivergence",
            "LogCosh",
            "MeanAbsoluteError",
            "MeanAbsolutePercentageError",
            "MeanSquaredError",
            "MeanSquaredLogarithmicError",
            "Poisson",
            "SparseCategoricalCrossentropy",
            "SquaredHinge");

    private Parts() {}

    static Set<String> of(PartRow.Kind kind) {
        Stream<String> names =
                switch (kind) {
                    case LAYER -> waysToMake(Layer.class, type -> !Model.class.isAssignableFrom(type));
                    case LOSS -> waysToMake(Loss.class, type -> true);
                    case METRIC ->
                        Stream.concat(
                                waysToMake(Metric.class, type -> true),
                                waysToMake(Loss.class, type -> METRICS_IN_KERAS.contains(type.getSimpleName()))
                                        .map(loss -> "Metric.of(" + loss + ")"));
                    case OPTIMIZER -> waysToMake(Optimizer.class, type -> true);
                    case TRANSFORM ->
                        Stream.concat(waysToMake(Optimizer.Transform.class, type -> true), OTHER_TRANSFORMS.stream());
                    case INITIALIZER ->
                        Stream.concat(
                                methods(Initializer.class, Initializer.class),
                                waysToMake(Initializer.class, type -> true));
                    case REGULARIZER -> methods(Regularizer.class, Regularizer.class);
                    case CONSTRAINT -> methods(Constraint.class, Constraint.class);
                    case SCHEDULE -> methods(Schedule.class, Schedule.class).filter(name -> !name.equals(OWN_SCHEDULE));
                    case ACTIVATION -> Stream.concat(constants(), methods(Activations.class, ActivationFunction.class));
                };
        return names.collect(Collectors.toCollection(TreeSet::new));
    }

    /** The public classes of a kind that can be made. */
    static Stream<Class<?>> classes(Class<?> parent) {
        return LibraryClasses.types()
                .filter(type -> Modifier.isPublic(type.getModifiers()))
                .filter(type -> parent.isAssignableFrom(type) && !Modifier.isAbstract(type.getModifiers()));
    }

    /** Each class, where there is one way to make it; where there are factories of several names, each of them. */
    private static Stream<String> waysToMake(Class<?> parent, Predicate<Class<?>> wanted) {
        return classes(parent).filter(wanted).flatMap(type -> {
            Set<String> factories = named(type, type, method -> Modifier.isStatic(method.getModifiers()))
                    .collect(Collectors.toSet());
            return type.getConstructors().length == 0 && factories.size() > 1
                    ? factories.stream()
                    : Stream.of(type.getSimpleName());
        });
    }

    /** What makes one, or makes another one of one that there is. */
    private static Stream<String> methods(Class<?> home, Class<?> product) {
        return named(home, product, method -> !Modifier.isAbstract(method.getModifiers()));
    }

    private static Stream<String> named(Class<?> home, Class<?> product, Predicate<Method> wanted) {
        return Arrays.stream(home.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && method.getReturnType() == product)
                .filter(wanted)
                .map(method -> home.getSimpleName() + "." + method.getName())
                .distinct();
    }

    private static Stream<String> constants() {
        return Arrays.stream(Activations.class.getFields())
                .filter(field -> field.getType() == ActivationFunction.class)
                .map(field -> Activations.class.getSimpleName() + "." + field.getName());
    }
}
