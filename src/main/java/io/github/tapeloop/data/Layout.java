package io.github.tapeloop.data;

import java.util.ArrayList;
import java.util.List;

/**
 * The list of the columns that a batch has: its inputs, then its targets, then its sample weights.
 *
 * @param inputs names of the inputs, one at least
 * @param targets names of the targets
 * @param weighted whether sample weights come last
 * @param columns what all of them are called in one bundle
 */
record Layout(List<String> inputs, List<String> targets, boolean weighted, List<String> columns) {

    static final Layout INPUT_ONLY = new Layout(List.of(Column.INPUT), List.of(), false);
    static final Layout INPUT_AND_TARGET = new Layout(List.of(Column.INPUT), List.of(Column.TARGET), false);

    Layout {
        inputs = List.copyOf(inputs);
        targets = List.copyOf(targets);
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("a batch needs one input at least, but there is none");
        }
    }

    Layout(List<String> inputs, List<String> targets, boolean weighted) {
        this(inputs, targets, weighted, columns(inputs, targets, weighted));
    }

    private static List<String> columns(List<String> inputs, List<String> targets, boolean weighted) {
        List<String> names = new ArrayList<>();
        inputs.forEach(name -> names.add("input/" + name));
        targets.forEach(name -> names.add("target/" + name));
        if (weighted) {
            names.add("weight");
        }
        return List.copyOf(names);
    }

    static Layout of(List<Column> columns) {
        return new Layout(
                names(columns, Role.INPUT),
                names(columns, Role.TARGET),
                !names(columns, Role.WEIGHT).isEmpty());
    }

    private static List<String> names(List<Column> columns, Role role) {
        return columns.stream()
                .filter(column -> column.role() == role)
                .map(Column::name)
                .toList();
    }

    int count() {
        return columns.size();
    }

    /** All names in the order of the columns. */
    List<String> names() {
        List<String> names = new ArrayList<>(inputs);
        names.addAll(targets);
        if (weighted) {
            names.add(Column.WEIGHT);
        }
        return names;
    }

    int input(String name) {
        return find("input", inputs, name);
    }

    int target(String name) {
        return inputs.size() + find("target", targets, name);
    }

    int weight() {
        return count() - 1;
    }

    private static int find(String what, List<String> names, String name) {
        int index = names.indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException(
                    "this batch has no " + what + " named \"" + name + "\"; its " + what + "s are " + names);
        }
        return index;
    }
}
