package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.layer.Constraint;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A part in a message has a name there, and not the code of an object or of a lambda. */
class NamesInMessagesTest {

    @Test
    void aClassOfPartsHasANameOfItsOwn() throws NoSuchMethodException {
        Set<String> nameless = new TreeSet<>();
        for (Class<?> kind : new Class<?>[] {
            Layer.class,
            Loss.class,
            Metric.class,
            Optimizer.class,
            Callback.class,
            Initializer.class,
            Optimizer.Transform.class
        }) {
            for (Class<?> type : Parts.classes(kind).toList()) {
                boolean hidden = type.getPackageName().endsWith(".loop");
                if (!hidden && type.getMethod("toString").getDeclaringClass() == Object.class) {
                    nameless.add(type.getName());
                }
            }
        }
        assertEquals(Set.of(), nameless);
    }

    @Test
    void aFormulaThatIsMadeByAMethodHasItsName() throws ReflectiveOperationException {
        int made = 0;
        for (Class<?> home : new Class<?>[] {Initializer.class, Regularizer.class, Constraint.class}) {
            for (Method method : home.getDeclaredMethods()) {
                if (Modifier.isStatic(method.getModifiers())
                        && Modifier.isPublic(method.getModifiers())
                        && method.getReturnType() == home) {
                    Object[] values = Stream.of(method.getParameterTypes())
                            .map(NamesInMessagesTest::value)
                            .toArray();
                    String name = method.invoke(null, values).toString();
                    assertTrue(!name.contains("@") && !name.contains("Lambda"), () -> method + ": " + name);
                    made++;
                }
            }
        }
        assertTrue(made > 20, "methods: " + made);
        assertEquals("maxNorm along [0]", Constraint.maxNorm(2).toString());
        assertEquals("l1l2(0.0, 0.25)", Regularizer.l2(0.25).toString());
        assertEquals("constant(3.0)", Initializer.constant(3).toString());
    }

    private static Object value(Class<?> type) {
        if (type.isEnum()) {
            return type.getEnumConstants()[0];
        }
        return type == double.class ? 0.5 : type == int[].class ? new int[] {0} : Arrays.asList(type);
    }
}
