package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.examples;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Laws of the stages, for every two that meet: what comes, in which order, how many, in each epoch, and after a cut. */
class StagePairTest {

    private static final int ROWS = 40;

    private static final List<List<Object>> NUMBERS = IntStream.range(0, ROWS)
            .mapToObj(row -> List.<Object>of((float) row))
            .toList();

    static List<StagePair> pairs() {
        return StagePair.all();
    }

    /** Rows in memory, and rows of a stream whose number nobody knows. */
    private static List<Supplier<Dataset>> sources() {
        return List.of(
                () -> Dataset.of(IntStream.range(0, ROWS)
                        .mapToObj(row -> new float[] {row})
                        .toArray(float[][]::new)),
                () -> Dataset.ofStream(
                        () -> IntStream.range(0, ROWS).boxed(),
                        new Fields<Integer>().input(Field.numbers(row -> row))));
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void whatComesIsWhatComesByHand(StagePair pair) {
        for (Supplier<Dataset> source : sources()) {
            Dataset data = pair.over(source.get());
            List<List<Object>> expected = pair.byHand(NUMBERS);
            boolean mixed = pair.first().isRandom() && pair.second().cutsByOrder();
            for (int epoch = 0; epoch < 3; epoch++) {
                List<List<Object>> came = examples(data, 7, epoch);
                assertEquals(expected.size(), came.size());
                if (!pair.isRandom()) {
                    assertEquals(expected, came);
                } else if (!mixed) {
                    assertEquals(StagePair.sorted(expected), StagePair.sorted(came));
                }
                assertEquals(came, examples(data, 7, epoch), "the same seed and epoch");
            }
            data.size().ifPresent(size -> assertEquals(expected.size(), size));
            assertEquals(pair.isRandom(), data.isShuffled());
        }
    }

    /** Also that of the first row, before which no stage has anything. */
    @ParameterizedTest
    @MethodSource("pairs")
    void aFailureOfTheSourceIsWhatComesOut(StagePair pair) {
        for (int failing : new int[] {0, 17}) {
            Dataset whole = Dataset.ofStream(
                    () -> IntStream.range(0, ROWS).mapToObj(row -> {
                        if (row == failing) {
                            throw new ArithmeticException("on purpose");
                        }
                        return row;
                    }),
                    new Fields<Integer>().input(Field.numbers(row -> row)));
            Dataset.Split cut = whole.splitTail(0.3);
            for (Dataset data : List.of(whole, cut.first(), cut.second())) {
                try {
                    int came = examples(pair.over(data), 7, 0).size();
                    assertTrue(failing > 0 && came <= pair.byHand(NUMBERS).size(), pair + " read " + came);
                } catch (RuntimeException e) {
                    Throwable cause = e;
                    while (cause.getCause() != null) {
                        cause = cause.getCause();
                    }
                    assertEquals("on purpose", cause.getMessage(), () -> String.valueOf(e));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void skippingIsPassingOver(StagePair pair) {
        for (Supplier<Dataset> source : sources()) {
            Dataset data = pair.over(source.get());
            List<List<Object>> all = examples(data, 3, 1);
            for (int skipped : new int[] {1, 5, all.size(), all.size() + 1}) {
                assertEquals(
                        all.subList(Math.min(skipped, all.size()), all.size()), examples(data.skip(skipped), 3, 1));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void batchesOfAnySizeHoldTheSame(StagePair pair) {
        Dataset data = pair.over(sources().get(0).get());
        List<Object> all = examples(data, 3, 1).stream().flatMap(List::stream).toList();
        for (Batches batches : List.of(
                data.batch(7),
                data.batch(7).prefetch(2),
                data.batch(2).grouped(() -> 3),
                data.batch(Integer.MAX_VALUE),
                data.filter(row -> true).batch(Integer.MAX_VALUE).prefetch(1))) {
            List<Object> came = new ArrayList<>();
            try (BatchIterator pass = batches.open(3, 1)) {
                while (pass.hasNext()) {
                    came.addAll(Values.input(pass.next()));
                }
            }
            assertEquals(all, came);
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void everyPassIsClosedWherEverItEnds(StagePair pair) {
        for (boolean fails : new boolean[] {false, true}) {
            ScriptedSource source = new ScriptedSource(ROWS, example -> {
                if (fails && example == 20) {
                    throw new java.io.IOException("unreadable");
                }
            });
            Dataset data = pair.over(Dataset.from(source));
            try (BatchIterator pass = data.batch(2).open(0, 0)) {
                pass.hasNext();
            } catch (DataException e) {
                assertTrue(fails && e.getMessage().contains("unreadable"), e.getMessage());
            }
            try {
                Values.sizes(data.batch(4));
            } catch (DataException e) {
                assertTrue(fails && e.getMessage().contains("unreadable"), e.getMessage());
            }
            assertEquals(source.opened.get(), source.closed.get());
            assertNotEquals(0, source.opened.get());
        }
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void partsShareNoRowInAnyEpoch(StagePair pair) {
        for (Supplier<Dataset> source : sources()) {
            for (boolean drawn : new boolean[] {true, false}) {
                Dataset data = pair.over(source.get());
                Dataset.Split split;
                try {
                    split = drawn ? data.split(0.3, 11) : data.splitTail(0.3);
                } catch (IllegalStateException e) {
                    assertTrue(isRefused(pair), pair + " refused: " + e.getMessage());
                    continue;
                }
                assertFalse(isRefused(pair), pair + " was split");
                Set<Integer> first = new HashSet<>();
                Set<Integer> second = new HashSet<>();
                List<List<Object>> validation = examples(split.second(), 1, 0);
                for (int epoch = 0; epoch < 3; epoch++) {
                    List<List<Object>> train = examples(split.first(), 1, epoch);
                    split.first().size().ifPresent(size -> assertEquals(train.size(), size));
                    first.addAll(StagePair.rows(train));
                    second.addAll(StagePair.rows(validation));
                    assertEquals(
                            validation, examples(split.second(), 2, epoch), "validation is the same in each epoch");
                }
                split.second().size().ifPresent(size -> assertEquals(validation.size(), size));
                assertFalse(first.isEmpty() || second.isEmpty());
                assertTrue(Collections.disjoint(first, second), first + " and " + second);
            }
        }
    }

    /** Where a cut would have to follow one that depends on a shuffle, on a repetition or on two looks at the same rows. */
    private static boolean isRefused(StagePair pair) {
        boolean reorders = pair.first().isRandom()
                || List.of(
                                StagePair.Step.REPEAT,
                                StagePair.Step.CONCAT,
                                StagePair.Step.CONCAT_MAPPED,
                                StagePair.Step.INTERLEAVE)
                        .contains(pair.first());
        boolean cuts = List.of(StagePair.Step.TAKE, StagePair.Step.SKIP).contains(pair.second());
        return reorders && cuts
                || pair.first() == StagePair.Step.INTERLEAVE
                || pair.second() == StagePair.Step.INTERLEAVE;
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void aCacheGivesWhatItsStagesGive(StagePair pair) {
        for (Supplier<Dataset> source : sources()) {
            Dataset data = pair.over(source.get());
            Dataset cached = pair.over(source.get()).cache();
            List<List<Object>> all = examples(data, 4, 0);
            if (!pair.isRandom()) {
                assertEquals(all.subList(0, Math.min(3, all.size())), examples(cached.take(3), 4, 0));
            }
            for (int epoch = 0; epoch < 3; epoch++) {
                assertEquals(all, examples(cached, 4, epoch));
            }
            assertEquals(all.size(), cached.size().orElseThrow());
        }
    }
}
