package io.github.tapeloop.parts;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.metric.Metric;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A loss or metric as its figures name it, {@code labels/Precision(thresholds=0.3:0.7)}: the data set, the part as the table
 * of parts has it, and in brackets what its constructor is given and what is set then.
 *
 * @param data the name of a data set
 * @param part the name in the table of parts
 * @param settings what stands in the brackets
 */
record NamedPart(String data, String part, List<String> settings) {

    static NamedPart of(String name) {
        String data = name.substring(0, name.indexOf('/'));
        int bracket = name.lastIndexOf('(');
        String settings = name.substring(bracket + 1, name.length() - 1);
        return new NamedPart(
                data,
                name.substring(data.length() + 1, bracket),
                settings.isEmpty() ? List.of() : List.of(settings.split(",")));
    }

    /** Makes it, a new one each time. */
    Object make() {
        boolean measures = part.startsWith("Metric.of(");
        String own = measures ? part.substring("Metric.of(".length(), part.length() - 1) : part;
        Object made = construct(own);
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals > 0) {
                set(made, setting.substring(0, equals), setting.substring(equals + 1));
            }
        }
        return measures ? Metric.of((Loss) made) : made;
    }

    PerSampleLoss loss() {
        return (PerSampleLoss) make();
    }

    Metric metric() {
        return (Metric) make();
    }

    private Object construct(String own) {
        String type = own.split("\\.")[0];
        Class<?> found = Stream.concat(Parts.classes(Loss.class), Parts.classes(Metric.class))
                .filter(each -> each.getSimpleName().equals(type))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no part " + own));
        try {
            if (own.contains(".")) {
                return found.getMethod(own.split("\\.")[1]).invoke(null);
            }
            List<String> given =
                    settings.stream().filter(setting -> !setting.contains("=")).toList();
            for (Constructor<?> constructor : found.getConstructors()) {
                if (takes(constructor, given.size())) {
                    return constructor.newInstance(values(constructor.getParameterTypes(), given));
                }
            }
            if (type.equals("Mean")) {
                return found.getConstructor(String.class).newInstance("mean");
            }
            throw new AssertionError("no constructor for " + this);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(toString(), e);
        }
    }

    private static boolean takes(Constructor<?> constructor, int arguments) {
        return constructor.getParameterCount() == arguments
                && Arrays.stream(constructor.getParameterTypes()).noneMatch(type -> type == String.class);
    }

    private static Object[] values(Class<?>[] types, List<String> texts) {
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            values.add(value(types[i], texts.get(i)));
        }
        return values.toArray();
    }

    private static void set(Object part, String name, String text) {
        for (Method method : part.getClass().getMethods()) {
            if (method.getName().equals(name) && method.getParameterCount() == 1) {
                try {
                    method.invoke(part, value(method.getParameterTypes()[0], text));
                    return;
                } catch (InvocationTargetException | IllegalAccessException e) {
                    throw new AssertionError(name + " of " + part, e);
                }
            }
        }
        throw new AssertionError("no setter " + name + " of " + part);
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // An enum of some kind.
    private static Object value(Class<?> type, String text) {
        if (type.isEnum()) {
            return Enum.valueOf((Class) type, text.toUpperCase(Locale.ROOT));
        }
        String[] several = text.split(":");
        return switch (type.getSimpleName()) {
            case "double" -> Double.parseDouble(text);
            case "int" -> Integer.parseInt(text);
            case "boolean" -> Boolean.parseBoolean(text);
            case "double[]" ->
                Arrays.stream(several).mapToDouble(Double::parseDouble).toArray();
            case "int[]" -> Arrays.stream(several).mapToInt(Integer::parseInt).toArray();
            default -> throw new AssertionError("Teach this test a " + type.getSimpleName());
        };
    }

    @Override
    public String toString() {
        return data + "/" + part + "(" + String.join(",", settings) + ")";
    }
}
