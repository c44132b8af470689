package io.github.tapeloop.account;

import io.github.tapeloop.state.Stateful;
import java.util.LinkedHashMap;
import java.util.Map;

/** The small values of one part: written once, read as often as the part goes back to them. */
final class StateValues implements Stateful.Writer, Stateful.Reader {

    private final String role;
    private final Map<String, Object> values = new LinkedHashMap<>();

    /** @param role whose values they are, for messages */
    StateValues(String role) {
        this.role = role;
    }

    /** Values that were written in another process, or by another part of the same role. */
    static StateValues of(String role, Map<String, Object> values) {
        StateValues read = new StateValues(role);
        values.forEach((name, value) -> read.add(name, value instanceof double[] numbers ? numbers.clone() : value));
        return read;
    }

    @Override
    public void put(String name, long value) {
        add(name, value);
    }

    @Override
    public void put(String name, double value) {
        add(name, value);
    }

    @Override
    public void put(String name, boolean value) {
        add(name, value);
    }

    @Override
    public void put(String name, String value) {
        if (value == null) {
            throw new IllegalArgumentException("Expected text for '" + path(name) + "', got null");
        }
        add(name, value);
    }

    @Override
    public void put(String name, double[] numbers) {
        add(name, numbers.clone());
    }

    private void add(String name, Object value) {
        if (values.putIfAbsent(name, value) != null) {
            throw new IllegalArgumentException(
                    "'" + path(name) + "' was written twice: give each value of a part a name of its own");
        }
    }

    @Override
    public boolean has(String name) {
        return values.containsKey(name);
    }

    @Override
    public long getLong(String name) {
        return get(name, Long.class);
    }

    @Override
    public double getDouble(String name) {
        return get(name, Double.class);
    }

    @Override
    public boolean getBoolean(String name) {
        return get(name, Boolean.class);
    }

    @Override
    public String getString(String name) {
        return get(name, String.class);
    }

    @Override
    public double[] getDoubles(String name) {
        return get(name, double[].class).clone();
    }

    private <T> T get(String name, Class<T> type) {
        Object value = values.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException("Expected a " + type.getSimpleName() + " '" + path(name) + "', "
                    + (value == null
                            ? "but there are " + values.keySet()
                            : "but it is a " + value.getClass().getSimpleName()));
        }
        return type.cast(value);
    }

    private String path(String name) {
        return role + "/" + name;
    }

    /** All values by name; those of type double[] are copies. */
    Map<String, Object> all() {
        Map<String, Object> copies = new LinkedHashMap<>(values);
        copies.replaceAll((name, value) -> value instanceof double[] numbers ? numbers.clone() : value);
        return copies;
    }
}
