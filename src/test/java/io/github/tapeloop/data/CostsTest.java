package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.examples;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How often rows are read. */
class CostsTest {

    private final AtomicInteger reads = new AtomicInteger();

    /** A hundred rows, each of whose reads is counted. */
    private Dataset counted() {
        return Dataset.ofRecords(Collections.nCopies(100, 1f), new Fields<Float>().input(Field.numbers(value -> {
                    reads.incrementAndGet();
                    return value;
                })));
    }

    private void assertReads(int expected, Dataset... all) {
        reads.set(0);
        for (Dataset data : all) {
            examples(data, 0, 0);
        }
        assertEquals(expected, reads.get());
    }

    @Test
    void aRowOfWindowsIsReadOnce() {
        Dataset windows = counted().window(10, 1);
        assertReads(100, windows);
        assertReads(100, windows.shuffle(200));
        assertReads(100, windows.map(2, row -> row));
        assertReads(99, counted().window(3, 2).window(4, 1).map(row -> row));
        assertReads(30, counted().window(3, 10));
        assertReads(10, windows.skip(90));
    }

    @Test
    void aFilterReadsWhatItAsksForOnce() {
        assertReads(100, counted().filter(row -> true));
        assertReads(100, counted().filter(row -> row.floats("input")[0] > 0));
        assertReads(100, counted().filter(row -> row.floats("input")[0] < 0));
        assertReads(100, counted().filter(row -> row.floats("input")[0] > 0).map(row -> row));
        assertReads(0, counted().filter(row -> row.number() > 100));
    }

    @Test
    void thePartsOfACacheReadNothingAgain() {
        Dataset cached = counted().cache();
        assertReads(100, cached, cached);
        Dataset.Split split = cached.split(0.2, 3);
        assertReads(
                0,
                split.first(),
                split.second(),
                cached.take(5),
                cached.skip(5),
                cached.splitTail(0.5).second());
    }

    @Test
    void aCacheIsFilledByItsParts() {
        for (int way = 0; way < 4; way++) {
            Dataset cached = counted().cache();
            List<Dataset> parts = new ArrayList<>();
            if (way == 0) {
                parts.addAll(List.of(cached.take(30), cached.skip(30)));
            } else if (way == 1) {
                parts.addAll(List.of(cached.skip(99), cached.take(99)));
            } else {
                Dataset.Split split = way == 2 ? cached.split(0.2, 3) : cached.splitTail(0.2);
                parts.addAll(List.of(split.first(), split.second()));
            }
            for (int epoch = 0; epoch < 3; epoch++) {
                assertReads(epoch == 0 ? 100 : 0, parts.toArray(Dataset[]::new));
            }
        }
    }

    @Test
    void aPartThatEndsEarlyFillsWhatItHasRead() {
        Dataset cached = counted().cache();
        assertReads(3, cached.take(3));
        assertReads(2, cached.take(5));
        assertReads(95, cached);
        assertReads(0, cached);
    }

    @Test
    void passesThatFillACacheAtOnceSeeAllOfIt() throws Exception {
        for (boolean stream : new boolean[] {false, true}) {
            List<Integer> numbers = IntStream.range(0, 3000).boxed().toList();
            Fields<Integer> fields = new Fields<Integer>().input(Field.numbers(value -> value));
            Dataset cached =
                    (stream ? Dataset.ofStream(numbers::stream, fields) : Dataset.ofRecords(numbers, fields)).cache();
            List<FutureTask<List<Integer>>> passes = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                passes.add(new FutureTask<>(() -> StagePair.rows(examples(cached, 0, 0))));
                new Thread(passes.get(i)).start();
            }
            for (FutureTask<List<Integer>> pass : passes) {
                assertEquals(numbers, pass.get());
            }
            assertEquals(3000, cached.size().orElseThrow());
        }
    }

    @Test
    void passesOverACacheOfAShuffleThatAreOpenAtOnceAreOne() throws Exception {
        Dataset cached = counted().shuffle(64).cache();
        Dataset twice = cached.interleave(1, cached);
        assertReads(100, twice, twice);

        List<Integer> numbers = IntStream.range(0, 3000).boxed().toList();
        Dataset shuffled = Dataset.ofRecords(numbers, new Fields<Integer>().input(Field.numbers(value -> value)))
                .shuffle(100)
                .cache();
        List<FutureTask<List<Integer>>> passes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int epoch = i;
            passes.add(new FutureTask<>(() -> StagePair.rows(examples(shuffled, 7, epoch))));
            new Thread(passes.get(i)).start();
        }
        List<Integer> kept = passes.get(0).get();
        assertEquals(numbers, kept.stream().sorted().toList());
        for (FutureTask<List<Integer>> pass : passes) {
            assertEquals(kept, pass.get());
        }
        assertEquals(kept, StagePair.rows(examples(shuffled, 7, 9)));
    }

    @Test
    void aPassBesideOneThatFailedFailsToo() {
        AtomicInteger failures = new AtomicInteger();
        Dataset cached = Dataset.ofRecords(List.of(1, 2, 3, 4), new Fields<Integer>().input(Field.numbers(value -> {
                            if (value == 3 && failures.getAndIncrement() == 0) {
                                throw new IllegalStateException("the third is bad today");
                            }
                            return value;
                        })))
                .shuffle(4)
                .cache();
        assertThrows(RuntimeException.class, () -> examples(cached.interleave(1, cached), 0, 0));
        assertEquals(
                List.of(1, 2, 3, 4),
                StagePair.rows(examples(cached, 0, 0)).stream().sorted().toList());
    }

    @Test
    void rowsKeepTheirNumbersInEachPassOverACache() {
        List<Integer> numbers = IntStream.range(0, 12).boxed().toList();
        Fields<Integer> fields = new Fields<Integer>().input(Field.numbers(value -> value));
        Dataset records = Dataset.ofRecords(numbers, fields);
        for (Dataset part : List.of(
                records.split(0.4, 3).first(),
                records.skip(3),
                records.filter(row -> row.number() % 3 != 0),
                records.shuffle(12),
                Dataset.ofStream(numbers::stream, fields).skip(3))) {
            Dataset even = part.cache().filter(row -> row.number() % 2 == 0);
            List<Integer> first = StagePair.rows(examples(even, 0, 0));
            assertEquals(first, StagePair.rows(examples(even, 0, 0)));
            assertEquals(first, StagePair.rows(examples(part.filter(row -> row.number() % 2 == 0), 0, 0)));
        }
    }
}
