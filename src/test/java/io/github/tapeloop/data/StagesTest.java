package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.numbers;
import static io.github.tapeloop.data.Values.order;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.Shape;

/** Stages of a dataset: map, filter, join, cache, repeat, window, bucket. */
class StagesTest {

    private record Sum(float value) {}

    private static Row doubled(Row row) {
        return row.with("input", 2 * row.floats("input")[0]).with("target", 2 * row.integers("target")[0]);
    }

    private static List<Integer> range(int from, int to) {
        return IntStream.range(from, to).boxed().toList();
    }

    private static long mapThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(ParallelCursor.THREAD_NAME))
                .count();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4})
    void mappedExamplesKeepTheirOrder(int threads) {
        Dataset mapped = numbers(50).map(threads, row -> {
            if (row.number() % 7 == 0) {
                Thread.yield();
            }
            return doubled(row);
        });
        List<Integer> expected = range(0, 50).stream().map(i -> 2 * i).toList();
        assertEquals(OptionalLong.of(50), mapped.size());
        assertEquals(expected, order(mapped.batch(8), 0, 0));
        assertEquals(expected.subList(30, 50), order(mapped.skip(30).batch(8), 0, 0));
        assertEquals(expected, order(mapped.batch(8).prefetch(2), 0, 0));
        assertEquals(0, mapThreads());
    }

    @Test
    void mappingToOtherColumnsUsesFields() {
        Dataset mapped = numbers(3)
                .map(
                        2,
                        row -> new Sum(row.floats("input")[0] + 10),
                        new Fields<Sum>().input("sum", Field.number(Sum::value)));
        try (BatchIterator pass = mapped.batch(3).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(List.of("sum"), batch.inputNames());
            assertEquals(List.of(10f, 11f, 12f), Values.input(batch));
            assertFalse(batch.hasTarget());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void aFailureOfAWorkerComesInItsPlaceAndEndsTheThreads(int threads) {
        ScriptedSource source = ScriptedSource.of(100);
        Dataset mapped = Dataset.from(source).map(threads, row -> {
            if (row.number() == 13) {
                throw new IllegalStateException("thirteen");
            }
            return row;
        });
        try (BatchIterator pass = mapped.batch(5).open(0, 0)) {
            assertEquals(5, pass.next().size());
            assertEquals(5, pass.next().size());
            DataException failure = assertThrows(DataException.class, pass::next);
            assertTrue(failure.getMessage().contains("example 13")
                    && failure.getMessage().contains("thirteen"));
            assertInstanceOf(IllegalStateException.class, failure.getCause());
        }
        assertEquals(1, source.closed.get());
        assertEquals(0, mapThreads());
    }

    @Test
    void aFailureOfTheSourceComesInItsPlaceToo() {
        ScriptedSource source = new ScriptedSource(100, example -> {
            if (example == 7) {
                throw new IOException("unreadable");
            }
        });
        try (BatchIterator pass =
                Dataset.from(source).map(4, row -> row).batch(5).open(0, 0)) {
            assertEquals(5, pass.next().size());
            DataException failure = assertThrows(DataException.class, pass::next);
            assertTrue(failure.getMessage().contains("unreadable"), failure.getMessage());
        }
        assertEquals(1, source.closed.get());
    }

    @Test
    void aPassThatIsLeftEndsItsThreadsAndReadsAheadWithinBounds() {
        ScriptedSource source = ScriptedSource.of(10_000);
        try (BatchIterator pass =
                Dataset.from(source).map(2, row -> row).batch(5).open(0, 0)) {
            pass.next();
            assertTrue(source.read.get() <= 5 + 4, source.read.get() + " examples were read");
        }
        assertEquals(0, mapThreads());
        assertEquals(1, source.closed.get());
    }

    @Test
    void seedsOfRowsRepeatWhateverTheThreads() {
        Dataset data = numbers(20).shuffle(20);
        List<Integer> serial = order(random(data, 0).batch(4), 3, 1);
        assertEquals(serial, order(random(data, 3).batch(4), 3, 1));
        assertNotEquals(serial, order(random(data, 0).batch(4), 3, 2));
        assertNotEquals(serial, order(random(data, 0).batch(4), 4, 1));
    }

    private static Dataset random(Dataset data, int threads) {
        return data.map(threads, row -> {
            int value = (int) (row.seed() & 0xffff);
            return row.with("input", (float) value).with("target", value);
        });
    }

    @Test
    void filtersKeepWhatTheConditionHoldsFor() {
        Dataset even = numbers(10).filter(row -> row.integers("target")[0] % 2 == 0);
        assertEquals(List.of(0, 2, 4, 6, 8), order(even.batch(2), 0, 0));
        assertEquals(OptionalLong.empty(), even.size());
        Dataset failing = numbers(10).filter(row -> 1 / (3 - row.number()) > -1);
        String message = assertThrows(DataException.class, () -> order(failing.batch(2), 0, 0))
                .getMessage();
        assertTrue(message.contains("example 3"), message);
    }

    @Test
    void datasetsAreJoinedOneAfterTheOtherOrInTurns() {
        Dataset tens = numbers(13).skip(10);
        assertEquals(List.of(0, 1, 10, 11, 12), order(numbers(2).concat(tens).batch(2), 0, 0));
        assertEquals(OptionalLong.of(5), numbers(2).concat(tens).size());
        assertEquals(
                List.of(0, 10, 1, 11, 12), order(numbers(2).interleave(1, tens).batch(9), 0, 0));
        assertEquals(
                List.of(0, 1, 10, 11, 2, 12),
                order(numbers(3).interleave(2, tens).batch(9), 0, 0));
        Dataset twice = numbers(50).shuffle(50).concat(numbers(50).shuffle(50));
        List<Integer> order = order(twice.batch(9), 1, 0);
        assertNotEquals(order.subList(0, 50), order.subList(50, 100));
        String message = assertThrows(
                        IllegalArgumentException.class, () -> numbers(2).concat(Dataset.of(new float[][] {{1}})))
                .getMessage();
        assertTrue(message.contains("same columns"), message);
    }

    @Test
    void joinedSourcesAreClosedWhenTheyEndFailOrAreLeft() {
        ScriptedSource first = ScriptedSource.of(3);
        ScriptedSource second = ScriptedSource.of(3);
        for (Dataset joined : List.of(
                Dataset.from(first).concat(Dataset.from(second)),
                Dataset.from(first).interleave(1, Dataset.from(second)),
                Dataset.from(first).concat(Dataset.from(second)).repeat(2))) {
            Values.sizes(joined.batch(2));
            try (BatchIterator pass = joined.batch(4).open(0, 0)) {
                pass.next();
            }
            assertEquals(first.opened.get(), first.closed.get());
            assertEquals(second.opened.get(), second.closed.get());
        }
    }

    @Test
    void aCacheReadsOnceAndKeepsOnlyWholePasses() {
        ScriptedSource source = ScriptedSource.of(10);
        Dataset cached = Dataset.from(source).cache();
        try (BatchIterator pass = cached.take(3).batch(3).open(0, 0)) {
            pass.next();
        }
        assertEquals(OptionalLong.empty(), cached.size());
        for (int epoch = 0; epoch < 3; epoch++) {
            assertEquals(10, Values.sizes(cached.batch(1)).size());
        }
        assertEquals(2, source.opened.get());
        assertEquals(OptionalLong.of(10), cached.size());
        assertEquals(
                List.of(8f, 9f), Values.input(cached.skip(8).batch(3).open(0, 0).next()));
    }

    @Test
    void aSplitOfACachedShuffleMixesNothing() {
        Dataset.Split split = numbers(10).shuffle(10).map(row -> row).cache().splitTail(0.3);
        assertEquals(range(7, 10), order(split.second().batch(3), 5, 0));
        assertEquals(
                range(0, 7),
                order(split.first().batch(3), 5, 0).stream().sorted().toList());
    }

    @Test
    void repetitionsAreShuffledDifferently() {
        Dataset repeated = numbers(20).shuffle(20, 7).repeat(3);
        assertEquals(OptionalLong.of(60), repeated.size());
        List<Integer> order = order(repeated.batch(7), 0, 0);
        assertEquals(60, order.size());
        for (int round = 0; round < 3; round++) {
            List<Integer> one = order.subList(20 * round, 20 * round + 20);
            assertEquals(range(0, 20), one.stream().sorted().toList());
            assertEquals(one, order(numbers(20).shuffle(20, 7).batch(20), 0, round));
        }
    }

    @Test
    void windowsStackInputsAndKeepTheLastTarget() {
        Dataset windows = numbers(7).window(3, 2);
        assertEquals(OptionalLong.of(3), windows.size());
        try (BatchIterator pass = windows.batch(9).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(Shape.of(3, 3, 1), Values.inputTensor(batch).shape());
            assertEquals(List.of(0f, 1f, 2f, 2f, 3f, 4f, 4f, 5f, 6f), Values.input(batch));
            assertEquals(List.of(2, 4, 6), Values.target(batch));
        }
        try (BatchIterator pass = numbers(9).window(2, 5).batch(9).open(0, 0)) {
            assertEquals(List.of(0f, 1f, 5f, 6f), Values.input(pass.next()));
        }
        assertEquals(OptionalLong.of(0), numbers(2).window(3, 1).size());
        assertEquals(List.of(), Values.sizes(numbers(2).window(3, 1).batch(1)));
    }

    @Test
    void bucketsMakeBatchesOfSimilarLength() {
        int[][] tokens = IntStream.range(0, 12)
                .mapToObj(i -> IntStream.range(0, 1 + i * 5 % 12).toArray())
                .toArray(int[][]::new);
        Dataset data = Dataset.of(new Columns().input(ColumnData.ragged(tokens)));
        Batches batches = data.bucketByLength(2, 4, 8);
        assertEquals(OptionalLong.of(6), batches.size());
        StringBuilder shapes = new StringBuilder();
        for (Batch batch : batches) {
            shapes.append(Values.inputTensor(batch).shape());
        }
        // Lengths 1 6 11 4 9 2 7 12 5 10 3 8.
        assertEquals("[2, 4][2, 11][2, 8][2, 12][2, 4][2, 8]", shapes.toString());
        assertThrows(IllegalArgumentException.class, () -> numbers(3).bucketByLength(2, 4));
        assertThrows(IllegalArgumentException.class, () -> data.bucketByLength(2, 8, 4));
        assertThrows(IllegalArgumentException.class, () -> data.window(2, 1));
    }

    @Test
    void lengthsAscend() {
        for (int[] lengths : new int[][] {{3, 3}, {4, 3}, {0, 1}, {-1}, {}}) {
            assertThrows(IllegalArgumentException.class, () -> PadTo.lengths(lengths));
        }
        PadTo padding = PadTo.lengths(2, 5);
        assertEquals(
                List.of(2, 2, 2, 5, 5, 6),
                IntStream.of(0, 1, 2, 3, 5, 6).mapToObj(padding::lengthFor).toList());
        assertEquals(1, PadTo.longest().lengthFor(0));
        Dataset ragged = Dataset.of(new Columns().input(ColumnData.ragged(new int[][] {{1}, {1, 2}})));
        for (double value : new double[] {3e9, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ragged.padBatch(2, PadTo.longest().value(value)));
        }
    }

    @Test
    void aWindowAsLongAsTheDataIsOne() {
        for (int shift : new int[] {1, 2, 9}) {
            assertEquals(OptionalLong.of(1), numbers(4).window(4, shift).size());
            assertEquals(
                    List.of(List.of(0f, 1f, 2f, 3f)), Values.examples(numbers(4).window(4, shift), 0, 0));
            assertEquals(OptionalLong.of(0), numbers(3).window(4, shift).size());
        }
        assertEquals(OptionalLong.of(2), numbers(5).window(4, 1).size());
        assertEquals(OptionalLong.of(1), numbers(5).window(4, 2).size());
    }

    static List<Dataset> stagesOverAStream() {
        Dataset stream = Dataset.from(ScriptedSource.of(200));
        return List.of(
                stream.map(2, row -> row),
                stream.filter(row -> true),
                stream.concat(stream),
                stream.interleave(3, stream),
                stream.repeat(2),
                stream.window(3, 1),
                stream.cache());
    }

    @ParameterizedTest
    @MethodSource("stagesOverAStream")
    void noStageLeavesNativeMemoryBehind(Dataset data) {
        Values.sizes(data.batch(16));
        System.gc();
        long before = Values.nativeObjects();
        Values.sizes(data.batch(16).prefetch(2));
        try (BatchIterator pass = data.batch(16).prefetch(2).open(0, 0)) {
            pass.next();
        }
        assertTrue(Values.nativeObjects() <= before, Values.nativeObjects() + " native objects, before " + before);
    }

    @Test
    void rowsNameWhatDoesNotFit() {
        assertFailure("no column \"x\"", row -> row.with("x", 1f));
        assertFailure("is not float64", row -> row.with("input", 1.0));
        assertFailure("needs 1 values, but got 2", row -> row.with("input", 1f, 2f));
        assertThrows(IllegalArgumentException.class, () -> numbers(1).map(-1, row -> row));
        assertThrows(IllegalArgumentException.class, () -> numbers(1).repeat(0));
        assertThrows(IllegalArgumentException.class, () -> numbers(1).interleave(0));
        assertThrows(IllegalArgumentException.class, () -> numbers(1).window(0, 1));
    }

    private static void assertFailure(String part, java.util.function.UnaryOperator<Row> function) {
        String message = assertThrows(
                        DataException.class,
                        () -> Values.sizes(numbers(1).map(function).batch(1)))
                .getMessage();
        assertTrue(message.contains(part), message);
    }
}
