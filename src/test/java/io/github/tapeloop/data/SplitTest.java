package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.examples;
import static io.github.tapeloop.data.Values.numbers;
import static io.github.tapeloop.data.Values.order;
import static io.github.tapeloop.data.Values.said;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a dataset is cut, what the parts hold, and what is said. */
class SplitTest {

    @TempDir
    Path folder;

    private static List<Integer> range(int from, int to) {
        return IntStream.range(from, to).boxed().toList();
    }

    private static List<Integer> rows(Dataset data) {
        return order(data.batch(7), 5, 0);
    }

    /** n rows of k classes, sorted by class. */
    private static Dataset sorted(int n, int classes) {
        float[][] inputs = new float[n][1];
        int[] targets = new int[n];
        for (int i = 0; i < n; i++) {
            inputs[i][0] = i;
            targets[i] = i * classes / n;
        }
        return Dataset.of(inputs, targets);
    }

    private static List<Object> targets(Dataset data) {
        try (BatchIterator pass = data.batch(1000).open(0, 0)) {
            return Values.target(pass.next());
        }
    }

    @Test
    void rowsAreDrawnAtRandomAndStayInOrder() {
        Set<List<Integer>> draws = new HashSet<>();
        int[] drawn = new int[20];
        for (int seed = 0; seed < 400; seed++) {
            Dataset.Split split = numbers(20).split(0.25, seed);
            List<Integer> second = rows(split.second());
            assertEquals(5, second.size());
            assertEquals(second.stream().sorted().toList(), second);
            List<Integer> all = new ArrayList<>(rows(split.first()));
            assertEquals(all.stream().sorted().toList(), all);
            all.addAll(second);
            assertEquals(range(0, 20), all.stream().sorted().toList());
            assertEquals(second, rows(numbers(20).split(0.25, seed).second()), "the same seed");
            draws.add(second);
            second.forEach(row -> drawn[row]++);
        }
        assertTrue(draws.size() > 350, draws.size() + " different ones of 400");
        for (int times : drawn) {
            assertEquals(100, times, 40, "of 400 draws of 5 of 20 rows each has about 100"); // 4.6 standard deviations.
        }
    }

    @Test
    void partsAreAsLargeAsKerasMakesThem() {
        for (int n : new int[] {2, 3, 10, 11, 99, 100}) {
            for (double fraction : new double[] {0.1, 0.2, 0.25, 0.3, 0.5, 0.9}) {
                int first = (int) Math.floor(n * (1.0 - fraction));
                if (first > 0 && first < n) {
                    for (Dataset.Split split :
                            List.of(numbers(n).split(fraction, 3), numbers(n).splitTail(fraction))) {
                        assertEquals(OptionalLong.of(first), split.first().size());
                        assertEquals(OptionalLong.of(n - first), split.second().size());
                    }
                    assertEquals(
                            range(first, n), rows(numbers(n).splitTail(fraction).second()));
                }
            }
        }
    }

    @Test
    void repetitionsAreCutBelow() {
        Dataset.Split split = numbers(4).repeat(2).splitTail(0.5);
        assertEquals(List.of(0, 1, 0, 1), rows(split.first()));
        assertEquals(List.of(2, 3, 2, 3), rows(split.second()));
    }

    @Test
    void partsOfAPartAreParts() {
        Dataset.Split split = numbers(100).split(0.2, 1);
        Dataset.Split again = split.first().split(0.25, 1);
        List<Integer> all = new ArrayList<>(rows(again.first()));
        assertEquals(60, all.size());
        all.addAll(rows(again.second()));
        all.addAll(rows(split.second()));
        assertEquals(range(0, 100), all.stream().sorted().toList());
    }

    @Test
    void windowsThatShareRowsAreDroppedAndThatIsSaid() {
        for (int length = 1; length <= 10; length++) {
            for (int shift = 1; shift <= 12; shift++) {
                Dataset windows = numbers(100).map(row -> row).window(length, shift);
                for (Dataset data :
                        List.of(windows, windows.shuffle(50), windows.map(2, row -> row), windows.cache())) {
                    Dataset.Split[] split = new Dataset.Split[1];
                    String said = said(() -> split[0] = data.split(0.3, 4));
                    List<List<Object>> first = examples(split[0].first(), 0, 0);
                    List<List<Object>> second = examples(split[0].second(), 0, 0);
                    assertTrue(Collections.disjoint(StagePair.rows(first), StagePair.rows(second)));
                    List<List<Object>> all = examples(windows, 0, 0);
                    assertTrue(all.containsAll(first) && all.containsAll(second), "they are windows of the whole");
                    int kept = (int) Math.floor(all.size() * 0.7);
                    assertEquals(kept, first.size());
                    int shared = (length - 1) / shift;
                    assertEquals(all.size() - kept - shared, second.size());
                    assertTrue(said.contains("is cut in order"), said);
                    assertEquals(shared > 0, said.contains(shared + " windows between the parts"), said);
                }
            }
        }
    }

    @Test
    void windowsOfWindowsShareNoRowEither() {
        Dataset.Split split = numbers(200).window(5, 2).window(3, 1).split(0.4, 1);
        Set<Integer> both = new TreeSet<>(StagePair.rows(examples(split.first(), 0, 0)));
        both.retainAll(StagePair.rows(examples(split.second(), 0, 0)));
        assertEquals(Set.of(), both);
        assertFalse(examples(split.second(), 0, 0).isEmpty());
    }

    @Test
    void aFileIsCutInOrderAndReadOnceForEachPart() throws IOException {
        StringBuilder text = new StringBuilder("x,y\n");
        for (int i = 0; i < 50; i++) {
            text.append(i).append(',').append(i).append('\n');
        }
        Path file = Files.writeString(folder.resolve("data.csv"), text);
        Dataset data = Csv.of(file)
                .dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("x")).target(Csv.Column.integer("y")));
        for (Dataset each : List.of(data, data.map(row -> row), data.shuffle(5), data.repeat(2), data.cache())) {
            Dataset.Split[] split = new Dataset.Split[1];
            String said = said(() -> split[0] = each.split(0.3, 4));
            assertTrue(said.contains("can only be read in its order") && said.contains("cache()"), said);
            for (int pass = 0; pass < 2; pass++) {
                assertEquals(
                        range(0, 35),
                        rows(split[0].first()).stream().distinct().sorted().toList());
                assertEquals(
                        range(35, 50),
                        rows(split[0].second()).stream().distinct().toList());
            }
            assertTrue(split[0].first().size().orElse(0) % 35 == 0);
            assertTrue(split[0].second().size().orElse(0) % 15 == 0);
        }
        assertEquals("", said(() -> data.splitTail(0.25)));
    }

    @Test
    void aStreamIsOpenedOnceForEachPass() {
        AtomicInteger opened = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        Dataset data = Dataset.ofStream(
                () -> {
                    opened.incrementAndGet();
                    return IntStream.range(0, 101).boxed().onClose(closed::incrementAndGet);
                },
                new Fields<Integer>().input(Field.numbers(i -> i)).target(Field.integer(i -> i)));
        Dataset.Split split = data.splitTail(0.2);
        assertEquals(0, opened.get());
        assertEquals(range(80, 101), rows(split.second()));
        assertEquals(range(0, 80), rows(split.first()));
        assertEquals(2, opened.get());
        assertEquals(range(80, 101), rows(split.second()));
        assertEquals(range(0, 80), rows(split.first()));
        assertEquals(4, opened.get());
        assertEquals(4, closed.get());
    }

    @Test
    void theWindowsOfAStreamShareNoRow() {
        Dataset data = Dataset.ofStream(
                () -> IntStream.range(0, 100).boxed(), new Fields<Integer>().input(Field.numbers(i -> i)));
        Dataset.Split split = data.window(10, 1).splitTail(0.2);
        for (int pass = 0; pass < 2; pass++) {
            List<List<Object>> first = examples(split.first(), 0, 0);
            List<List<Object>> second = examples(split.second(), 0, 0);
            assertEquals(72, first.size()); // floor(91 * 0.8)
            assertEquals(91 - 72 - 9, second.size());
            assertTrue(Collections.disjoint(StagePair.rows(first), StagePair.rows(second)));
        }
    }

    @Test
    void rowsOfAPartKeepTheNumberTheyHaveInTheWhole() {
        for (int threads : new int[] {0, 2}) {
            Dataset labelled = numbers(30)
                    .filter(row -> row.number() >= 10)
                    .map(threads, row -> row.with("input", (float) row.number()).with("target", (int) row.number()));
            Dataset mapped = numbers(30).map(threads, row -> row.with("input", 100f + row.number())
                    .with("target", 100 + (int) row.number()));
            Dataset.Split split = mapped.split(0.4, 2);
            List<Integer> all = new ArrayList<>(rows(split.first()));
            all.addAll(rows(split.second()));
            assertEquals(range(100, 130), all.stream().sorted().toList());
            Dataset.Split filtered = labelled.split(0.4, 2);
            assertEquals(
                    20, rows(filtered.first()).size() + rows(filtered.second()).size());
        }
    }

    /** Of the rows below, those that are kept may all lie in the last part. */
    @Test
    void aTailOfWhatIsKeptIsThatShareOfIt() {
        Dataset kept = numbers(40).filter(row -> row.integers("target")[0] >= 32);
        for (Dataset data : List.of(
                kept,
                kept.map(row -> row),
                kept.shuffle(9),
                kept.filter(row -> true).repeat(1),
                kept.classWeights(Map.of(1, 2)),
                numbers(32).filter(row -> false).concat(kept, numbers(9).filter(row -> false)))) {
            Dataset.Split split = data.splitTail(0.25);
            for (int pass = 0; pass < 2; pass++) {
                assertEquals(range(38, 40), rows(split.second()));
                assertEquals(
                        range(32, 38), rows(split.first()).stream().sorted().toList());
            }
        }
        Dataset.Split twice = kept.concat(numbers(40)).splitTail(0.25); // Other rows, though they look alike.
        assertEquals(List.of(38, 39), rows(twice.second()).subList(0, 2));
    }

    @Test
    void datasetsOfTheSameRowsAreCutAlikeOrNotAtAll() {
        Dataset rows = numbers(30);
        Dataset minority = rows.filter(row -> row.integers("target")[0] < 5);
        for (Dataset joined : List.of(
                rows.concat(rows),
                rows.concat(minority, minority),
                rows.interleave(3, rows.map(row -> row).shuffle(9)),
                rows.shuffle(30).concat(rows.cache()))) {
            Dataset.Split split = joined.split(0.3, 8);
            assertTrue(Collections.disjoint(rows(split.first()), rows(split.second())));
        }
        Dataset joined = rows.concat(rows.take(5));
        String message = assertThrows(IllegalStateException.class, () -> joined.split(0.3, 8))
                .getMessage();
        assertTrue(message.contains("call split() before"), message);
        Dataset.Split others = rows.concat(numbers(10)).splitTail(0.25);
        assertEquals(range(0, 10), rows(others.second()));
    }

    @Test
    void aTailOfOtherClassesIsWarnedOf() {
        for (Dataset data : List.of(
                sorted(60, 4),
                sorted(60, 4).shuffle(60),
                sorted(60, 4).map(row -> row).cache().repeat(2),
                Dataset.ofRecords(
                        range(0, 60),
                        new Fields<Integer>().input(Field.numbers(i -> i)).target(Field.integer(i -> i / 15))))) {
            String said = said(() -> data.splitTail(0.25));
            assertTrue(said.contains("it alone has the classes [3]") && said.contains("split(fraction, seed)"), said);
            assertEquals("", said(() -> data.split(0.3, 1)));
        }
        float[][] oneHot = new float[60][4];
        for (int i = 0; i < 60; i++) {
            oneHot[i][i / 15] = 1;
        }
        assertTrue(
                said(() -> Dataset.of(new float[60][1], oneHot).splitTail(0.25)).contains("classes [3]"));
        float[][] skewed = new float[400][1];
        for (int i = 0; i < 400; i++) {
            skewed[i][0] = i < 20 || i >= 300 ? -1 : 1;
        }
        assertTrue(said(() -> Dataset.of(new float[400][1], skewed).splitTail(0.25))
                .contains("shares of the classes"));
    }

    @Test
    void aTailLikeTheRestIsNotWarnedOf() {
        float[][] values = new float[300][1];
        int[] mixed = new int[300];
        for (int i = 0; i < 300; i++) {
            values[i][0] = i / 7f;
            mixed[i] = (i * 31 + i / 5) % 3;
        }
        assertEquals("", said(() -> Dataset.of(new float[300][1], mixed).splitTail(0.1)));
        assertEquals("", said(() -> Dataset.of(new float[300][1], values).splitTail(0.1)));
        assertEquals("", said(() -> numbers(300).splitTail(0.1)), "every row has a value of its own");
        assertEquals("", said(() -> Dataset.of(new float[300][1]).splitTail(0.1)));
    }

    @Test
    void aFileWhoseTailHasOtherClassesIsWarnedOfWhenItWasRead() throws IOException {
        StringBuilder text = new StringBuilder("x,y\n");
        for (int i = 0; i < 60; i++) {
            text.append(i).append(',').append(i / 15).append('\n');
        }
        Path file = Files.writeString(folder.resolve("iris.csv"), text);
        Dataset data = Csv.of(file)
                .dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("x")).target(Csv.Column.integer("y")));
        Dataset.Split split = data.splitTail(0.25);
        String said = said(() -> examples(split.first(), 0, 0));
        assertTrue(said.contains("it alone has the classes [3]"), said);
        assertEquals("", said(() -> examples(split.first(), 0, 1)), "once");
        Dataset cached = data.cache();
        examples(cached, 0, 0);
        assertTrue(targets(cached.split(0.3, 1).second()).containsAll(List.of(0, 1, 2, 3)));
    }

    @Test
    void bucketsAreCutBelow() {
        int[][] tokens = IntStream.range(0, 20)
                .mapToObj(i -> IntStream.range(0, 1 + i % 10).map(at -> i).toArray())
                .toArray(int[][]::new);
        Dataset data = Dataset.of(new Columns().input(ColumnData.ragged(tokens)));
        Batches.Split split = data.bucketByLength(2, 3, 6).splitTail(0.5);
        Set<Object> last = new HashSet<>();
        for (Batch batch : split.validation()) {
            last.addAll(Values.input(batch));
        }
        last.remove(0);
        assertEquals(new HashSet<>(range(10, 20)), last);
        assertTrue(data.bucketByLength(2, 3).isShuffled());
    }

    @Test
    void whoAsksIsToldThatAnOrderIsShuffled() {
        Dataset data = numbers(9);
        for (Dataset shuffled : List.of(
                data.shuffle(2),
                data.shuffle(2).take(3),
                data.shuffle(3).map(row -> row).cache(),
                data.concat(data.shuffle(2)))) {
            assertTrue(shuffled.isShuffled());
            assertTrue(shuffled.batch(2).prefetch(1).isShuffled());
        }
        for (Dataset ordered : List.of(
                data,
                data.take(3),
                data.repeat(2),
                data.shuffle(2).split(0.5, 1).second())) {
            assertFalse(ordered.batch(2).isShuffled());
        }
        assertNotEquals(rows(data), rows(data.shuffle(9)));
    }
}
