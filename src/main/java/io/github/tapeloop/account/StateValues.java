package io.github.tapeloop.account;

import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The small values of one part: written once, read as often as the part goes back to them. */
final class StateValues implements Stateful.Writer, Stateful.Reader {

    private final String role;
    private final Map<String, Object> values;
    private final Map<String, Snapshot> kept = new LinkedHashMap<>();
    private final Function<String, Snapshot> snapshots;

    /** @param role whose values they are to be, for messages */
    StateValues(String role) {
        this(role, new LinkedHashMap<>(), name -> null);
    }

    /**
     * @param values those to give
     * @param snapshots gives kept values of variables by name, each time new ones
     */
    StateValues(String role, Map<String, Object> values, Function<String, Snapshot> snapshots) {
        this.role = role;
        this.values = values;
        this.snapshots = snapshots;
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

    @Override
    public void put(String name, List<String> texts) {
        add(name, List.copyOf(texts));
    }

    @Override
    public void put(String name, Snapshot snapshot) {
        requireFree(name);
        kept.put(name, snapshot);
    }

    private void add(String name, Object value) {
        requireFree(name);
        values.put(name, value);
    }

    private void requireFree(String name) {
        if (values.containsKey(name) || kept.containsKey(name)) {
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

    @Override
    @SuppressWarnings("unchecked") // Lists are of texts only.
    public List<String> getStrings(String name) {
        return get(name, List.class);
    }

    @Override
    public Snapshot getSnapshot(String name) {
        get(name, List.class); // The paths of the variables.
        return snapshots.apply(name);
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

    /** All values by name; nobody changes them. */
    Map<String, Object> all() {
        return values;
    }

    /** The snapshots that were put, by name. */
    Map<String, Snapshot> kept() {
        return kept;
    }
}
