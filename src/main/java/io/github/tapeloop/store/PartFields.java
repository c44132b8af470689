package io.github.tapeloop.store;

import io.github.tapeloop.format.FormatException;
import io.github.tapeloop.format.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A part in a manifest: the names of its tensors, and its small values by their types, which JSON alone would not tell apart.
 *
 * @param tensors names
 * @param values Long, Double, Boolean, String, double[], long[] or a list of texts, by name
 */
record PartFields(List<String> tensors, Map<String, Object> values) {

    private static final String TENSORS = "tensors";
    private static final String LONGS = "longs";
    private static final String DOUBLES = "doubles";
    private static final String FLAGS = "flags";
    private static final String TEXTS = "texts";
    private static final String LONG_LISTS = "longLists";
    private static final String DOUBLE_LISTS = "doubleLists";
    private static final String TEXT_LISTS = "textLists";

    static final Set<String> KNOWN =
            Set.of(TENSORS, LONGS, DOUBLES, FLAGS, TEXTS, LONG_LISTS, DOUBLE_LISTS, TEXT_LISTS);

    Map<String, Object> toJson() {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (!tensors.isEmpty()) {
            fields.put(TENSORS, tensors);
        }
        Map<String, Map<String, Object>> byType = new TreeMap<>();
        values.forEach((name, value) -> byType.computeIfAbsent(group(name, value), type -> new TreeMap<>())
                .put(name, json(value)));
        fields.putAll(byType);
        return fields;
    }

    private static String group(String name, Object value) {
        if (value instanceof Long) {
            return LONGS;
        }
        if (value instanceof Double) {
            return DOUBLES;
        }
        if (value instanceof Boolean) {
            return FLAGS;
        }
        if (value instanceof String) {
            return TEXTS;
        }
        if (value instanceof long[]) {
            return LONG_LISTS;
        }
        if (value instanceof double[]) {
            return DOUBLE_LISTS;
        }
        if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return TEXT_LISTS;
        }
        throw new IllegalArgumentException("Expected numbers, flags or texts, got '" + name + "', a "
                + value.getClass().getName());
    }

    private static Object json(Object value) {
        if (value instanceof Double number) {
            return Json.ofDouble(number);
        }
        if (value instanceof long[] numbers) {
            return Arrays.stream(numbers).boxed().toList();
        }
        if (value instanceof double[] numbers) {
            return Arrays.stream(numbers).mapToObj(Json::ofDouble).toList();
        }
        return value;
    }

    static PartFields of(JsonFields fields) throws FormatException {
        Map<String, Object> values = new TreeMap<>();
        List<String> tensors = fields.has(TENSORS) ? texts(TENSORS, fields.list(TENSORS)) : List.of();
        for (String group : fields.all().keySet()) {
            if (KNOWN.contains(group) && !group.equals(TENSORS)) {
                JsonFields members = fields.object(group);
                for (String name : members.all().keySet()) {
                    if (values.putIfAbsent(name, value(group, name, members)) != null) {
                        throw new FormatException("Expected a value of one type for '" + name + "', got two");
                    }
                }
            }
        }
        return new PartFields(tensors, values);
    }

    private static Object value(String group, String name, JsonFields members) throws FormatException {
        return switch (group) {
            case LONGS -> members.number(name);
            case DOUBLES -> Json.toDouble(members.all().get(name), name);
            case FLAGS -> members.flag(name);
            case TEXTS -> members.text(name);
            case LONG_LISTS -> longs(name, members.list(name));
            case DOUBLE_LISTS -> doubles(name, members.list(name));
            default -> texts(name, members.list(name));
        };
    }

    private static List<String> texts(String name, List<?> list) throws FormatException {
        List<String> texts = new ArrayList<>(list.size());
        for (Object text : list) {
            texts.add(JsonFields.expect(String.class, "texts", name, text));
        }
        return texts;
    }

    private static long[] longs(String name, List<?> list) throws FormatException {
        long[] numbers = new long[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = JsonFields.expect(Long.class, "whole numbers", name, list.get(i));
        }
        return numbers;
    }

    private static double[] doubles(String name, List<?> list) throws FormatException {
        double[] numbers = new double[list.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Json.toDouble(list.get(i), name);
        }
        return numbers;
    }
}
