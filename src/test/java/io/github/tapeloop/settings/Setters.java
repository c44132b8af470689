package io.github.tapeloop.settings;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The public parts of the library and what sets them, found by reflection, so that new ones are found, too. */
public final class Setters {

    private Setters() {}

    /** All public classes of a kind that are not abstract, by name. */
    public static <T> Stream<Class<? extends T>> parts(Class<T> kind) {
        return LibraryClasses.types()
                .filter(type -> Modifier.isPublic(type.getModifiers()) && !Modifier.isAbstract(type.getModifiers()))
                .filter(kind::isAssignableFrom)
                .map(type -> type.asSubclass(kind));
    }

    /**
     * The public methods of a part that give the part itself, so that they can be chained, or are called {@code set…}. Some are
     * bridges: what a class that is not public declares, its public subclasses have in that form only.
     */
    public static Stream<Method> of(Class<?> part) {
        Map<String, Method> bySignature = new TreeMap<>();
        methods(part)
                .forEach(method -> bySignature.merge(
                        method.getName() + Arrays.toString(method.getParameterTypes()),
                        method,
                        (first, second) -> first.isBridge() ? second : first));
        return bySignature.values().stream();
    }

    private static Stream<Method> methods(Class<?> part) {
        return Arrays.stream(part.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> method.getDeclaringClass() != Object.class)
                .filter(method -> method.getName().startsWith("set")
                        || method.getReturnType() != Object.class
                                && method.getReturnType().isAssignableFrom(part));
    }

    /**
     * Calls a setter.
     *
     * @param values an argument for each type of parameter; of enums it is the first unless it is here
     * @return what the setter returns
     * @throws Throwable what the setter throws
     */
    public static Object call(Object part, Method setter, Map<Class<?>, Object> values) throws Throwable {
        Object[] arguments = Arrays.stream(setter.getParameterTypes())
                .map(type -> {
                    if (type.isEnum() && !values.containsKey(type)) {
                        return type.getEnumConstants()[0];
                    }
                    if (!values.containsKey(type)) {
                        throw new AssertionError("no value of a " + type + " to call " + setter + " with: add one");
                    }
                    return values.get(type);
                })
                .toArray();
        setter.setAccessible(true); // It may be declared in a class that is not public.
        try {
            return setter.invoke(part, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
