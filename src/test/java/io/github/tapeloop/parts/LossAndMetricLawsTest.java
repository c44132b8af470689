package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.loss.Huber;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.loss.Tversky;
import io.github.tapeloop.metric.Auc;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.MeanCosineSimilarity;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Stateful;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** Laws that every public loss and metric keeps, found by reflection: those added later keep them or fail here. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LossAndMetricLawsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();

    /** A target and a prediction: each part takes one of the kinds. */
    private record Data(Operand<? extends TNumber> target, Operand<TFloat32> prediction) {}

    /** A part and the way to make it. */
    private record Part(Class<?> type, String way, Supplier<Object> make) {
        @Override
        public String toString() {
            return type.getSimpleName() + " " + way;
        }
    }

    /** A way to use a part with data. */
    @FunctionalInterface
    private interface Use {
        void with(Ops tf, Object part, Data data);
    }

    @AfterAll
    void close() {
        session.close();
    }

    static Stream<Part> parts() {
        return Stream.concat(Parts.classes(Loss.class), Parts.classes(Metric.class))
                .flatMap(LossAndMetricLawsTest::waysToMake);
    }

    private static Stream<Part> waysToMake(Class<?> type) {
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

    /** What a user can set: each public method whose arguments are no ops, operands, state or other metrics. */
    private static List<Method> setters(Class<?> type) {
        Map<String, Method> setters = new LinkedHashMap<>();
        for (Method method : type.getMethods()) {
            boolean isOurs = method.getDeclaringClass().getName().startsWith("io.github.tapeloop");
            boolean sets = method.getParameterCount() > 0
                    && Arrays.stream(method.getParameterTypes()).noneMatch(LossAndMetricLawsTest::isMadeInSteps);
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
                || Metric.class.isAssignableFrom(type);
    }

    private static Object[] values(Class<?>... types) {
        return Arrays.stream(types).map(LossAndMetricLawsTest::value).toArray();
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

    private static Object call(Method method, Object part) {
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
    private static Data fitting(Ops tf, Part part) {
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

    private static void use(Ops tf, Object part, Data data) {
        if (part instanceof Metric metric) {
            metric.update(tf, data.target(), data.prediction());
        } else {
            ((Loss) part).call(tf, data.target(), data.prediction());
        }
    }

    private static Map<String, Use> uses(Object part, Data data) {
        Map<String, Use> uses = new LinkedHashMap<>();
        uses.put("used", LossAndMetricLawsTest::use);
        if (part instanceof Metric) {
            uses.put("used with weights", (tf, metric, d) -> ((Metric) metric)
                    .update(tf, d.target(), d.prediction(), tf.constant(new float[] {1, 2})));
        } else {
            uses.put("as a metric", (tf, loss, d) -> Metric.of((Loss) loss).update(tf, d.target(), d.prediction()));
        }
        if (part instanceof PerSampleLoss each) {
            uses.put(
                    "asked for values", (tf, loss, d) -> ((PerSampleLoss) loss).values(tf, d.target(), d.prediction()));
            if (each.isPerSample(data.prediction())) {
                uses.put("used with weights", (tf, loss, d) -> ((Loss) loss)
                        .call(tf, d.target(), d.prediction(), tf.constant(new float[] {1, 2})));
                uses.put("masked", (tf, loss, d) -> ((Loss) loss)
                        .masked(tf.constant(new boolean[] {true, false}))
                        .call(tf, d.target(), d.prediction()));
            }
        }
        return uses;
    }

    @ParameterizedTest
    @MethodSource("parts")
    void settingsCanChangeUntilTheFirstUseAndNotAfterIt(Part part) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Data data = fitting(tf, part);
            for (Method setter : setters(part.type())) {
                Object unused = part.make().get();
                assertSame(unused, call(setter, unused), setter.getName());
                uses(part.make().get(), data).forEach((how, use) -> {
                    Object used = part.make().get();
                    use.with(tf, used, data);
                    assertRefused(used, setter, how);
                    Object traced = part.make().get();
                    trace(traced, data, use);
                    assertRefused(traced, setter, how + " in a trace");
                });
            }
        }
    }

    private void trace(Object part, Data data, Use use) {
        List<Operand<?>> inputs = List.of(data.target(), data.prediction());
        List<TracedFunction.Spec> specs = inputs.stream()
                .<TracedFunction.Spec>map(TracedFunction.Spec::of)
                .toList();
        TracedFunction.trace(session, "use", specs, (tf, in) -> {
                    @SuppressWarnings("unchecked") // As in the data.
                    Data given = new Data((Operand<? extends TNumber>) in.get(0), (Operand<TFloat32>) in.get(1));
                    use.with(tf, part, given);
                    return List.of(tf.constant(0f));
                })
                .close();
    }

    private static void assertRefused(Object part, Method setter, String how) {
        IllegalStateException late = assertThrows(
                IllegalStateException.class,
                () -> call(setter, part),
                () -> part + " " + how + ": " + setter.getName());
        assertTrue(late.getMessage().contains(part.getClass().getSimpleName()), late.getMessage());
        assertTrue(late.getMessage().contains(setter.getName()), late.getMessage());
    }

    @Test
    void settersAreFoundWhereverTheyAreDeclared() {
        assertEquals(Set.of("delta", "reduction"), setterNames(Huber.class));
        assertEquals(Set.of("axis", "alpha", "beta", "reduction"), setterNames(Tversky.class));
        assertEquals(Set.of("axis"), setterNames(MeanCosineSimilarity.class));
        assertEquals(
                Set.of("numThresholds", "thresholds", "curve", "summation", "multiLabel", "labelWeights", "fromLogits"),
                setterNames(Auc.class));
        assertEquals(Set.of(), setterNames(Mean.class));
    }

    private static Set<String> setterNames(Class<?> type) {
        return setters(type).stream().map(Method::getName).collect(Collectors.toSet());
    }

    static Stream<Part> metrics() {
        return Parts.classes(Metric.class).flatMap(LossAndMetricLawsTest::waysToMake);
    }

    @ParameterizedTest
    @MethodSource("metrics")
    void aMetricThatTookOverTheStateOfAnotherIsUsed(Part part) {
        try (TensorScope scope = session.scope()) {
            Metric full = assertInstanceOf(Metric.class, part.make().get());
            use(session.tf(), full, fitting(session.tf(), part));
            Metric empty = assertInstanceOf(Metric.class, part.make().get());
            empty.merge(full);
            empty.reset();
            setters(part.type()).forEach(setter -> assertRefused(empty, setter, "merged and reset"));
        }
    }

    @ParameterizedTest
    @MethodSource("parts")
    void everyPartOfTheLibraryIsSafeToTrace(Part part) {
        Object made = part.make().get();
        if (made instanceof Metric metric) {
            assertTrue(metric.isTraceable());
        } else {
            Loss loss = (Loss) made;
            assertTrue(loss.isTraceable() && Metric.of(loss).isTraceable());
        }
    }

    @Test
    void noLossAndMetricShareAName() {
        Set<String> names = new HashSet<>();
        Set<String> twice = new TreeSet<>();
        Stream.concat(Parts.classes(Loss.class), Parts.classes(Metric.class))
                .map(Class::getSimpleName)
                .filter(name -> !names.add(name))
                .forEach(twice::add);
        assertEquals(Set.of(), twice, "users cannot import both");
    }
}
