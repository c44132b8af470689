package io.github.tapeloop.fuzz;

import io.github.tapeloop.callback.LearningRateScheduler;
import io.github.tapeloop.layer.ActivationFunction;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Constraint;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Gru;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Lstm;
import io.github.tapeloop.layer.Recurrent;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.SimpleRnn;
import io.github.tapeloop.layer.WeightSpec;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.GradientTransform;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.optimizer.WeightDecay;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Variable;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/** Parts of the library made by any of their constructors and factories, and set by any of their setters, at random. */
final class RandomParts {

    private final Dice dice;
    /** Whether numbers are mostly such as parts take. */
    private final boolean sane;

    private final List<String> words = new ArrayList<>();

    private Executable givenTo;
    private int givenAs;
    private long given;

    RandomParts(Dice dice, boolean sane) {
        this.dice = dice;
        this.sane = sane;
    }

    /** How the last parts were made. */
    String words() {
        return String.join(".", words);
    }

    /** With one number that is given. */
    RandomParts with(Executable way, int parameter, long value) {
        givenTo = way;
        givenAs = parameter;
        given = value;
        return this;
    }

    /** All constructors and factories of a part. */
    static List<Executable> ways(Class<?> type) {
        List<Executable> ways = new ArrayList<>(List.of(type.getConstructors()));
        for (Method method : type.getMethods()) {
            if (Modifier.isStatic(method.getModifiers()) && method.getReturnType() == type) {
                ways.add(method);
            }
        }
        ways.sort(Comparator.comparing(Executable::toGenericString));
        return ways;
    }

    /** The part of a setting, with that and no other. */
    Object make(SettingTrial.Setting setting) throws ReflectiveOperationException {
        if (!setting.isSetter()) {
            return made(setting.part(), setting.way());
        }
        Object part = made(setting.part(), dice.of(ways(setting.part())));
        Method setter = (Method) setting.way();
        Object[] values = values(setter);
        words.add(setter.getName() + text(values));
        setter.setAccessible(true); // It may be declared in a class that is not public.
        Object result = call(() -> setter.invoke(part, values));
        return setting.part().isInstance(result) ? result : part;
    }

    private Object made(Class<?> type, Executable way) throws ReflectiveOperationException {
        Object[] values = values(way);
        words.add(type.getSimpleName() + (way instanceof Method ? "." + way.getName() : "") + text(values));
        return way instanceof Method method
                ? call(() -> method.invoke(null, values))
                : call(() -> ((Constructor<?>) way).newInstance(values));
    }

    <T> T make(Class<? extends T> type) throws ReflectiveOperationException {
        Object part = made(type, dice.of(ways(type)));
        List<Method> setters = Setters.of(type)
                .filter(method -> method.getParameterCount() > 0 && !made(method))
                .toList();
        for (Method setter : dice.some(setters, dice.of(0, 0, 1, 1, 2, 3))) {
            Object[] given = values(setter);
            words.add(setter.getName() + text(given));
            setter.setAccessible(true); // It may be declared in a class that is not public.
            Object target = part;
            Object result = call(() -> setter.invoke(target, given));
            part = type.isInstance(result) ? result : part;
        }
        return type.cast(part);
    }

    /** Methods that take ops, variables or what is made of them are no settings. */
    private static boolean made(Method method) {
        return Stream.of(method.getParameterTypes())
                .anyMatch(type -> type == Ops.class
                        || Operand.class.isAssignableFrom(type)
                        || type.getName().contains(".state.")
                        || type == Map.class
                        || type == Iterable.class
                        || type == List.class);
    }

    @FunctionalInterface
    private interface Reflective {
        Object run() throws ReflectiveOperationException;
    }

    private static Object call(Reflective made) throws ReflectiveOperationException {
        try {
            return made.run();
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }

    private Object[] values(Executable way) throws ReflectiveOperationException {
        Object[] values = new Object[way.getParameterCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = value(way.getParameterTypes()[i]);
        }
        if (way.equals(givenTo)) {
            Class<?> type = way.getParameterTypes()[givenAs];
            values[givenAs] = type == long.class
                    ? (Object) given
                    : type == int.class ? (Object) (int) given : new int[] {(int) given};
        }
        return values;
    }

    private static String text(Object[] values) {
        String text = Arrays.deepToString(values);
        return "(" + text.substring(1, Math.min(text.length() - 1, 200)) + ")";
    }

    private Object value(Class<?> type) throws ReflectiveOperationException {
        if (type.isEnum()) {
            return dice.of(List.of(type.getEnumConstants()));
        }
        if (type.isArray() && type.getComponentType() != Variable.class) {
            Object array = Array.newInstance(type.getComponentType(), dice.below(4));
            for (int i = 0; i < Array.getLength(array); i++) {
                Array.set(array, i, value(type.getComponentType()));
            }
            return array;
        }
        return type.isPrimitive() ? number(type) : object(type);
    }

    private Object number(Class<?> type) {
        if (type == boolean.class) {
            return dice.chance(0.5);
        }
        if (type == char.class) {
            return dice.oneOf(',', ';', '\n', '"');
        }
        if (type == double.class || type == float.class) {
            double number = sane
                    ? dice.oneOf(0.1, 0.25, 0.5, 0.9, 0.01)
                    : dice.oneOf(0.0, 0.5, 1.0, 0.1, 2.5, -1.0, 1e-30, 1e30, Double.NaN, Double.POSITIVE_INFINITY);
            return type == float.class ? (Object) (float) number : (Object) number;
        }
        long number = sane
                ? dice.between(1, 3)
                : dice.oneOf(0L, 1L, 1L, 2L, 2L, 3L, 3L, 4L, 7L, -1L, -2L, 1000L, (long) Integer.MAX_VALUE);
        return type == int.class ? (Object) (int) number : (Object) number;
    }

    private Object object(Class<?> type) throws ReflectiveOperationException {
        if (type == ActivationFunction.class) {
            return dice.oneOf(
                    Activations.RELU,
                    Activations.TANH,
                    Activations.SOFTMAX,
                    Activations.GELU,
                    Activations.SIGMOID,
                    Activations.LINEAR,
                    Activations.LOG_SOFTMAX,
                    Activations.SOFTPLUS,
                    Activations.EXPONENTIAL);
        }
        if (type == UnaryOperator.class) {
            UnaryOperator<WeightSpec> change = spec(dice.any());
            return change;
        }
        if (type == Predicate.class) {
            Predicate<String> some = name -> name.hashCode() % 2 == 0;
            return some;
        }
        if (type == Supplier.class) {
            int units = dice.between(1, 4);
            int which = dice.below(3);
            Supplier<Recurrent<?>> layers = () -> which == 0
                    ? new Lstm(units)
                    : which == 1 ? new Gru(units).returnSequences(true) : new SimpleRnn(units);
            return layers;
        }
        if (type == Lambda.Function.class) {
            Lambda.Function function = (pass, x) -> pass.tf().math.tanh(x);
            return function;
        }
        if (type == Regularizer.class) {
            return factory(Regularizer.class);
        }
        if (type == Schedule.class) {
            return factory(Schedule.class);
        }
        if (type == LossScale.class) {
            return LossScale.dynamic();
        }
        if (type == Optimizer.Transform.class) {
            return transform();
        }
        if (type == String.class) {
            return dice.oneOf("loss", "val_loss", "a", "accuracy");
        }
        if (type == Path.class) {
            return Path.of("file" + dice.below(3));
        }
        if (type == PrintStream.class) {
            return new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        }
        if (type == Duration.class) {
            return Duration.ofHours(
                    dice.between(1, 100)); // None runs out, in one way of running steps and not in another.
        }
        if (type == LearningRateScheduler.EpochSchedule.class) {
            LearningRateScheduler.EpochSchedule schedule = (epoch, rate) -> rate / 2;
            return schedule;
        }
        if (Layer.class.isAssignableFrom(type)) {
            return new Dense(dice.between(1, 4));
        }
        if (Optimizer.class.isAssignableFrom(type)) {
            return new Sgd();
        }
        if (Loss.class.isAssignableFrom(type)) {
            return new MeanSquaredError();
        }
        if (Metric.class.isAssignableFrom(type)) {
            return Metric.of(new MeanSquaredError());
        }
        return otherwise(type);
    }

    private Object otherwise(Class<?> type) {
        if (type.isArray()) {
            return Array.newInstance(type.getComponentType(), 0);
        }
        throw new Unmakable(type);
    }

    /** A type that nobody has taught the fuzzer to make. */
    static final class Unmakable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unmakable(Class<?> type) {
            super(type.getName());
        }
    }

    private Optimizer.Transform transform() {
        return dice.<Supplier<Optimizer.Transform>>oneOf(
                        () -> Clip.norm((Double) number(double.class)),
                        () -> Clip.globalNorm((Double) number(double.class)),
                        () -> Clip.value((Double) number(double.class)),
                        () -> GradientAccumulation.of((Long) number(long.class)),
                        () -> MovingAverage.of((Double) number(double.class)),
                        () -> WeightDecay.of((Double) number(double.class)),
                        () -> GradientTransform.traceable("own", (update, gradients) -> gradients))
                .get();
    }

    /** Any of the static factories of an interface of parts. */
    private <T> T factory(Class<T> type) throws ReflectiveOperationException {
        List<Method> ways = Stream.of(type.getDeclaredMethods())
                .filter(method -> Modifier.isStatic(method.getModifiers())
                        && Modifier.isPublic(method.getModifiers())
                        && method.getReturnType() == type
                        && !method.getName().equals("traceable")
                        && !method.isSynthetic())
                .sorted(Comparator.comparing(Method::toGenericString))
                .toList();
        Method way = dice.of(ways);
        Object[] values = values(way);
        words.add(type.getSimpleName() + "." + way.getName() + text(values));
        return type.cast(call(() -> way.invoke(null, values)));
    }

    /** A change of a weight, the same each time it is asked for. */
    private UnaryOperator<WeightSpec> spec(long seed) {
        return spec -> {
            Dice own = new Dice(seed);
            RandomParts parts = new RandomParts(own, sane);
            try {
                return switch (own.below(4)) {
                    case 0 -> spec.initializer(parts.factory(Initializer.class));
                    case 1 -> spec.regularizer(parts.factory(Regularizer.class));
                    case 2 -> spec.constraint(parts.factory(Constraint.class));
                    default -> spec;
                };
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        };
    }

    /** All public classes of a kind in its package that can be made. */
    static <T> List<Class<? extends T>> all(Class<T> kind) {
        Path folder;
        try {
            folder = Path.of(kind.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .resolve(kind.getPackageName().replace('.', '/'));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        List<Class<? extends T>> all = new ArrayList<>();
        for (String file : folder.toFile().list()) {
            if (file.endsWith(".class") && !file.contains("-") && !file.contains("$")) {
                Class<?> type = named(kind.getPackageName() + "." + file.substring(0, file.length() - 6));
                if (kind.isAssignableFrom(type)
                        && Modifier.isPublic(type.getModifiers())
                        && !Modifier.isAbstract(type.getModifiers())) {
                    all.add(type.asSubclass(kind));
                }
            }
        }
        all.sort(Comparator.comparing(Class::getName));
        return all;
    }

    private static Class<?> named(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
