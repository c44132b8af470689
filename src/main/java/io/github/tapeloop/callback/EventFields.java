package io.github.tapeloop.callback;

import java.util.Map;
import java.util.stream.Collectors;

/** An event as the values of its fields: those make it equal to another, and are what it prints, as with a record. */
abstract class EventFields {

    /** The values by the names of their accessors, in the order in which they print. */
    abstract Map<String, Object> fields();

    @Override
    public final boolean equals(Object other) {
        return other != null
                && other.getClass() == getClass()
                && ((EventFields) other).fields().equals(fields());
    }

    @Override
    public final int hashCode() {
        return fields().hashCode();
    }

    @Override
    public final String toString() {
        return fields().entrySet().stream()
                .map(field -> field.getKey() + "=" + field.getValue())
                .collect(Collectors.joining(", ", getClass().getSimpleName() + "[", "]"));
    }
}
