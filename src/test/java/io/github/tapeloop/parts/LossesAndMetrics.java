package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.state.Stateful;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** Every public loss and metric, found by reflection: how to make it, what sets it, and data that it takes. */
public final class LossesAndMetrics {

    private LossesAndMetrics() {}

    /** A target and a prediction: each part takes one of the kinds. */
    public record Data(Operand<? extends TNumber> target, Operand<TFloat32> prediction) {

        @SuppressWarnings("unchecked") // As the caller has them.
        static Data of(Operand<?> target, Operand<?> prediction) {
            return new Data((Operand<? extends TNumber>) target, (Operand<TFloat32>) prediction);
        }
    }

    /** A part and the way to make it. */
    public record Part(Class<?> type, String way, Supplier<Object> make) {
        @Override
        public String toString() {
            return type.getSimpleName() + " " + way;
        }
    }

    /** Each way to make each of them. */
    public static Stream<Part> parts() {
        return Stream.concat(Parts.classes(Loss.class), Parts.classes(Metric.class))
                .flatMap(LossesAndMetrics::waysToMake);
    }

    static Stream<Part> waysToMake(Class<?> type) {
        List<Part> ways = new ArrayList<>();
        for (Constructor<?> constructor : type.getConstructors()) {
            ways.add(new Part(type, "new" + Arrays.toString(constructor.getParameterTypes()), () -> {
                try {
                    return constructor.newInstance(values(constructor.getParameterTypes()));
                } catch (ReflectiveOperationException e) {
                    throw new AssertionError(constructor.toString(), e);
                }
            }));
        }
        for (Method method : type.getDeclaredMethods()) {
            boolean isPublic = Modifier.isPublic(method.getModifiers());
            if (isPublic && Modifier.isStatic(method.getModifiers()) && method.getReturnType() == type) {
                ways.add(new Part(type, method.getName(), () -> call(method, null)));
            }
        }
        assertFalse(ways.isEmpty(), () -> "no public way to make a " + type.getSimpleName());
        return ways.stream();
    }

    /** What a user can set: each public method whose arguments are no ops, operands, state, losses or other metrics. */
    public static List<Method> setters(Class<?> type) {
        Map<String, Method> setters = new LinkedHashMap<>();
        for (Method method : type.getMethods()) {
            boolean isOurs = method.getDeclaringClass().getName().startsWith("io.github.tapeloop");
            boolean sets = method.getParameterCount() > 0
                    && Arrays.stream(method.getParameterTypes()).noneMatch(LossesAndMetrics::isMadeInSteps);
            if (isOurs && sets && !Modifier.isStatic(method.getModifiers())) {
                setters.put(method.getName() + Arrays.toString(method.getParameterTypes()), method);
            }
        }
        return List.copyOf(setters.values());
    }

    private static boolean isMadeInSteps(Class<?> type) {
        return type == Ops.class
                || type == Operand.class
                || type.getPackage() == Stateful.class.getPackage()
                || type == Loss.class
                || Metric.class.isAssignableFrom(type);
    }

    private static Object[] values(Class<?>... types) {
        return Arrays.stream(types).map(LossesAndMetrics::value).toArray();
    }

    /** A legal value, whatever is set by it. */
    private static Object value(Class<?> type) {
        if (type.isEnum()) {
            return type.getEnumConstants()[1];
        }
        return switch (type.getSimpleName()) {
            case "double" -> 0.5;
            case "int" -> 3;
            case "boolean" -> true;
            case "double[]" -> new double[] {0.5};
            case "int[]" -> new int[] {1};
            case "String" -> "named";
            default -> throw new AssertionError("Teach this test a legal " + type.getSimpleName());
        };
    }

    /** Calls a setter with legal values. */
    public static Object call(Method method, Object part) {
        method.setAccessible(true); // It may be declared in a class that is not public.
        try {
            return method.invoke(part, values(method.getParameterTypes()));
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(method.toString(), e);
        } catch (IllegalAccessException e) {
            throw new AssertionError(method.toString(), e);
        }
    }

    private static List<Data> kinds(Ops tf) {
        Operand<TFloat32> rows = tf.constant(new float[][] {{0.2f, 0.7f, 0.1f}, {0.5f, 0.25f, 0.25f}});
        Operand<TFloat32> oneHot = tf.constant(new float[][] {{0, 1, 0}, {1, 0, 0}});
        Operand<? extends TNumber> classes = tf.constant(new int[] {1, 0});
        Operand<TFloat32> series = tf.constant(new float[2][4][3]);
        return List.of(
                new Data(oneHot, rows), new Data(classes, rows), new Data(tf.constant(new int[][] {{1}, {2}}), series));
    }

    /** The data of the first kind that the part takes. */
    public static Data fitting(Ops tf, Part part) {
        List<RuntimeException> refusals = new ArrayList<>();
        for (Data data : kinds(tf)) {
            try {
                use(tf, part.make().get(), data);
                return data;
            } catch (IllegalArgumentException e) {
                refusals.add(e);
            }
        }
        throw new AssertionError(part + " takes none of the data: " + refusals);
    }

    static void use(Ops tf, Object part, Data data) {
        if (part instanceof Metric metric) {
            metric.update(tf, data.target(), data.prediction());
        } else {
            ((Loss) part).call(tf, data.target(), data.prediction());
        }
    }
}
