package io.github.tapeloop.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Two stages that meet over a source: a dataset, and the same by hand over a list of the input values of each example.
 *
 * @param first the stage below
 * @param second the stage above
 */
record StagePair(Step first, Step second) {

    /** Every stage, one of each kind at least. */
    enum Step {
        NOTHING(data -> data, rows -> rows),
        SHUFFLE(data -> data.shuffle(1000), rows -> rows),
        SHUFFLE_A_LITTLE(data -> data.shuffle(3, 5), rows -> rows),
        TAKE(data -> data.take(9), rows -> rows.subList(0, Math.min(9, rows.size()))),
        SKIP(data -> data.skip(4), rows -> rows.subList(Math.min(4, rows.size()), rows.size())),
        PEEK(data -> data.peek(number -> {}), rows -> rows),
        MAP(data -> data.map(StagePair::negated), StagePair::negated),
        MAP_IN_THREADS(data -> data.map(2, StagePair::negated), StagePair::negated),
        FILTER(data -> data.filter(row -> row.floats("input")[0] % 3 != 0), StagePair::filtered),
        CONCAT(data -> data.concat(data), rows -> Stream.concat(rows.stream(), rows.stream())
                .toList()),
        CONCAT_MAPPED(
                data -> data.concat(data.map(StagePair::negated)),
                rows -> Stream.concat(rows.stream(), negated(rows).stream()).toList()),
        INTERLEAVE(data -> data.interleave(2, data.skip(5)), StagePair::interleaved),
        CACHE(Dataset::cache, rows -> rows),
        REPEAT(data -> data.repeat(2), rows -> Stream.concat(rows.stream(), rows.stream())
                .toList()),
        WINDOW(data -> data.window(3, 2), StagePair::windows);

        private final UnaryOperator<Dataset> stage;
        private final UnaryOperator<List<List<Object>>> byHand;

        Step(UnaryOperator<Dataset> stage, UnaryOperator<List<List<Object>>> byHand) {
            this.stage = stage;
            this.byHand = byHand;
        }

        boolean isRandom() {
            return name().startsWith("SHUFFLE");
        }

        /** Whether what comes depends on the order of what came. */
        boolean cutsByOrder() {
            return List.of(TAKE, SKIP, INTERLEAVE, WINDOW).contains(this);
        }
    }

    static List<StagePair> all() {
        List<StagePair> pairs = new ArrayList<>();
        for (Step first : Step.values()) {
            for (Step second : Step.values()) {
                pairs.add(new StagePair(first, second));
            }
        }
        return pairs;
    }

    Dataset over(Dataset source) {
        return second.stage.apply(first.stage.apply(source));
    }

    List<List<Object>> byHand(List<List<Object>> rows) {
        return second.byHand.apply(first.byHand.apply(rows));
    }

    boolean isRandom() {
        return first.isRandom() || second.isRandom();
    }

    private static Row negated(Row row) {
        float[] values = row.floats("input");
        for (int i = 0; i < values.length; i++) {
            values[i] = -values[i];
        }
        return row.with("input", values);
    }

    private static List<List<Object>> negated(List<List<Object>> rows) {
        return rows.stream()
                .map(row -> row.stream().map(value -> (Object) (-(Float) value)).toList())
                .toList();
    }

    private static List<List<Object>> filtered(List<List<Object>> rows) {
        return rows.stream().filter(row -> (Float) row.get(0) % 3 != 0).toList();
    }

    private static List<List<Object>> interleaved(List<List<Object>> rows) {
        List<List<Object>> one = new ArrayList<>(rows);
        List<List<Object>> other = new ArrayList<>(rows.subList(Math.min(5, rows.size()), rows.size()));
        List<List<Object>> all = new ArrayList<>();
        while (!one.isEmpty() || !other.isEmpty()) {
            for (List<List<Object>> source : List.of(one, other)) {
                List<List<Object>> turn = source.subList(0, Math.min(2, source.size()));
                all.addAll(turn);
                turn.clear();
            }
        }
        return all;
    }

    private static List<List<Object>> windows(List<List<Object>> rows) {
        List<List<Object>> all = new ArrayList<>();
        for (int from = 0; from + 3 <= rows.size(); from += 2) {
            all.add(rows.subList(from, from + 3).stream().flatMap(List::stream).toList());
        }
        return all;
    }

    /** The numbers of the rows that examples were made of. */
    static List<Integer> rows(List<List<Object>> examples) {
        return examples.stream()
                .flatMap(List::stream)
                .map(value -> Math.abs(((Float) value).intValue()))
                .toList();
    }

    static List<List<Object>> sorted(List<List<Object>> examples) {
        List<List<Object>> sorted = new ArrayList<>(examples);
        sorted.sort((one, other) -> one.toString().compareTo(other.toString()));
        return Collections.unmodifiableList(sorted);
    }

    @Override
    public String toString() {
        return first + " " + second;
    }
}
