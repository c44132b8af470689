package io.github.tapeloop.fuzz;

import io.github.tapeloop.op.OpAttributes;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.Tensor;
import org.tensorflow.op.Ops;

/**
 * All that is said of one op, as values.
 *
 * @param arguments what it is given, one by one
 * @param groups for each argument of the op -1, or the length of a list
 * @param attributes by name, as {@link OperationBuilder} takes them
 */
record RawCall(String type, List<RawValue> arguments, List<Integer> groups, Map<String, Object> attributes) {

    /** Makes the op of inputs that have been made. */
    Operation make(Ops tf, List<Output<?>> inputs) {
        OperationBuilder builder = tf.scope().opBuilder(type, type);
        int next = 0;
        for (int length : groups) {
            if (length < 0) {
                builder.addInput(inputs.get(next++));
            } else {
                builder.addInputList(inputs.subList(next, next + length).toArray(new Output<?>[0]));
                next += length;
            }
        }
        attributes.forEach((name, value) -> OpAttributes.copy(builder, name, value));
        return builder.build();
    }

    /** A builder that keeps what it is told of attributes and lists. */
    static final class Listener {
        final Map<String, Object> attributes = new LinkedHashMap<>();
        final List<Integer> groups = new ArrayList<>();
        boolean known = true;

        OperationBuilder builder() {
            return (OperationBuilder) Proxy.newProxyInstance(
                    Listener.class.getClassLoader(), new Class<?>[] {OperationBuilder.class}, (self, method, given) -> {
                        switch (method.getName()) {
                            case "addInput" -> groups.add(-1);
                            case "addInputList" -> groups.add(((Output<?>[]) given[0]).length);
                            case "setAttr" -> attribute((String) given[0], given[1]);
                            default -> {
                                return null;
                            }
                        }
                        return self;
                    });
        }

        private void attribute(String name, Object value) {
            known &= !(value instanceof Tensor)
                    && !(value instanceof Tensor[])
                    && !value.getClass().getName().contains("Function")
                    && !value.getClass().getName().contains("AttrValue")
                    && !(value instanceof byte[]);
            attributes.put(name, value);
        }
    }

    RawCall with(int argument, RawValue value) {
        List<RawValue> changed = new ArrayList<>(arguments);
        changed.set(argument, value);
        return new RawCall(type, changed, groups, attributes);
    }

    RawCall with(List<RawValue> changed) {
        return new RawCall(type, changed, groups, attributes);
    }

    RawCall with(String attribute, Object value) {
        Map<String, Object> changed = new LinkedHashMap<>(attributes);
        changed.put(attribute, value);
        return new RawCall(type, arguments, groups, changed);
    }

    @Override
    public String toString() {
        return type
                + arguments
                + attributes.entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + text(entry.getValue()))
                        .collect(Collectors.joining(" ", "{", "}"));
    }

    private static String text(Object value) {
        String text = Arrays.deepToString(new Object[] {value});
        return text.substring(1, text.length() - 1).replace("DT_", "");
    }
}
