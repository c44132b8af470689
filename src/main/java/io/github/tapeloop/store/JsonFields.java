package io.github.tapeloop.store;

import io.github.tapeloop.format.FormatException;
import io.github.tapeloop.format.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The members of a JSON object that may have been written by anybody: each getter says what it expected and what came. */
final class JsonFields {

    private static final int MOST_SHOWN = 60;

    private final String where;
    private final Map<String, Object> members;

    private JsonFields(String where, Map<String, Object> members) {
        this.where = where;
        this.members = members;
    }

    /** @param where what it is, for messages */
    static JsonFields of(String where, Object value) throws FormatException {
        if (!(value instanceof Map<?, ?> map)) {
            throw new FormatException("Expected an object for " + where + ", got " + shown(value));
        }
        Map<String, Object> members = new LinkedHashMap<>();
        map.forEach((name, member) -> members.put((String) name, member));
        return new JsonFields(where, members);
    }

    Map<String, Object> all() {
        return members;
    }

    boolean has(String name) {
        return members.containsKey(name);
    }

    JsonFields object(String name) throws FormatException {
        if (!has(name)) {
            throw new FormatException("Expected '" + name + "' in " + where + ", got only " + members.keySet());
        }
        return of("'" + name + "' in " + where, members.get(name));
    }

    String text(String name) throws FormatException {
        return expect(String.class, "text", name, members.get(name));
    }

    long number(String name) throws FormatException {
        return expect(Long.class, "a whole number", name, members.get(name));
    }

    /** A whole number that is not negative. */
    long count(String name) throws FormatException {
        long number = number(name);
        if (number < 0) {
            throw new FormatException("Expected '" + name + "' of at least 0 in " + where + ", got " + number);
        }
        return number;
    }

    double decimal(String name) throws FormatException {
        return Json.toDouble(members.get(name), name);
    }

    boolean flag(String name) throws FormatException {
        return expect(Boolean.class, "true or false", name, members.get(name));
    }

    List<?> list(String name) throws FormatException {
        return expect(List.class, "a list", name, members.get(name));
    }

    Map<String, String> texts() throws FormatException {
        Map<String, String> texts = new LinkedHashMap<>();
        for (String name : members.keySet()) {
            texts.put(name, text(name));
        }
        return texts;
    }

    Map<String, Double> doubles() throws FormatException {
        Map<String, Double> numbers = new LinkedHashMap<>();
        for (String name : members.keySet()) {
            numbers.put(name, decimal(name));
        }
        return numbers;
    }

    static <T> T expect(Class<T> type, String expected, String name, Object value) throws FormatException {
        if (!type.isInstance(value)) {
            throw new FormatException("Expected " + expected + " for '" + name + "', got " + shown(value));
        }
        return type.cast(value);
    }

    private static String shown(Object value) {
        String text = value == null ? "nothing" : String.valueOf(value);
        return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "…";
    }
}
