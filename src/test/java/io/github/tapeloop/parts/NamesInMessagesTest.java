package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.layer.ActivationFunction;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Constraint;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.settings.LibraryClasses;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/** What a user made or was given has a name in a message, and not the code of an object or of a lambda. */
class NamesInMessagesTest {

    private static final Pattern CODE = Pattern.compile("@[0-9a-f]+$|Lambda|\\$");

    private static final Map<Class<?>, Object> ARGUMENTS = Map.of(
            double.class,
            1.0,
            long.class,
            1L,
            int.class,
            -1,
            boolean.class,
            true,
            int[].class,
            new int[] {0},
            long[].class,
            new long[] {3},
            double[].class,
            new double[] {0.5, 0.25},
            String.class,
            "mine",
            Loss.class,
            new MeanSquaredError());

    @Test
    void everyClassOfThePublicApiSaysWhatItsObjectsAre() {
        Set<String> nameless = LibraryClasses.exported()
                .filter(type -> !Modifier.isAbstract(type.getModifiers()) && hasObjects(type))
                .filter(type -> declaresNoText(type))
                .map(Class::getName)
                .collect(Collectors.toSet());
        assertEquals(Set.of(), nameless);
    }

    private static boolean hasObjects(Class<?> type) {
        return type.getConstructors().length > 0
                || Arrays.stream(type.getMethods())
                        .anyMatch(method -> method.getDeclaringClass() != Object.class
                                && !Modifier.isStatic(method.getModifiers()));
    }

    private static boolean declaresNoText(Class<?> type) {
        try {
            return type.getMethod("toString").getDeclaringClass() == Object.class;
        } catch (NoSuchMethodException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatAMethodOrAConstantGivesForAnInterfaceHasItsName() throws ReflectiveOperationException {
        List<String> made = new ArrayList<>();
        for (Class<?> home : LibraryClasses.exported().toList()) {
            for (Method method : home.getDeclaredMethods()) {
                if (isFactory(method)) {
                    made.add(named(method.toString(), method.invoke(null, arguments(method))));
                }
            }
            for (Field field : home.getFields()) {
                if (Modifier.isStatic(field.getModifiers()) && isMade(field.getType())) {
                    made.add(named(field.toString(), field.get(null)));
                }
            }
        }
        assertTrue(made.size() > 80, "methods and constants: " + made.size());
        assertTrue(
                made.containsAll(List.of(
                        "RELU",
                        "relu(1.0, 1.0, 1.0)",
                        "Callback.epochEnd",
                        "piecewiseConstant([3], [0.5, 0.25])",
                        "traceable")),
                made.toString());
    }

    private static String named(String made, Object part) {
        String name = part.toString();
        assertFalse(CODE.matcher(name).find(), () -> made + ": " + name);
        return name;
    }

    /** Whether a method makes a part of its class's own, of numbers, names and functions. */
    private static boolean isFactory(Method method) {
        return Modifier.isStatic(method.getModifiers())
                && Modifier.isPublic(method.getModifiers())
                && isMade(method.getReturnType())
                && Stream.of(method.getParameterTypes()).noneMatch(NamesInMessagesTest::isOfASession);
    }

    private static boolean isMade(Class<?> type) {
        return Modifier.isAbstract(type.getModifiers())
                && LibraryClasses.exported().anyMatch(type::equals);
    }

    private static boolean isOfASession(Class<?> type) {
        return type == Ops.class
                || Operand.class.isAssignableFrom(type)
                || type.getSimpleName().equals("TapeSession");
    }

    private static Object[] arguments(Method method) {
        return Stream.of(method.getParameterTypes())
                .map(NamesInMessagesTest::argument)
                .toArray();
    }

    private static Object argument(Class<?> type) {
        if (ARGUMENTS.containsKey(type)) {
            return ARGUMENTS.get(type);
        }
        return type.isEnum()
                ? type.getEnumConstants()[0]
                : Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, given) -> {
                    throw new UnsupportedOperationException("only its name is asked for");
                });
    }

    @Test
    void theNameIsHowItIsMade() {
        assertEquals("maxNorm along [0]", Constraint.maxNorm(2).toString());
        assertEquals("l1l2(0.0, 0.25)", Regularizer.l2(0.25).toString());
        assertEquals("constant(3.0)", Initializer.constant(3).toString());
        assertEquals(
                "cosineDecay(0.1, 10, 0.0).warmup(0.0, 5)",
                Schedule.cosineDecay(0.1, 10).warmup(0, 5).toString());
        ActivationFunction leaky = Activations.leakyRelu(0.3);
        assertEquals("leakyRelu(0.3)", leaky.toString());
        assertEquals(
                "Callback.trainBatchEnd",
                Callback.trainBatchEnd((run, event) -> {}).toString());
    }
}
