package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An interrupt ends a pass that would not come to a batch, wherever it loops or blocks, and disturbs none that does. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InterruptsTest {

    private static final Map<String, List<Interrupted>> LOOPS = new HashMap<>();

    @TempDir
    Path folder;

    /** Rows without end. */
    private static Dataset endless(CountDownLatch runs) {
        return Dataset.ofStream(
                () -> Stream.generate(() -> {
                    runs.countDown();
                    return 1f;
                }),
                new Fields<Float>().input(Field.numbers(value -> value)));
    }

    /** A stage that gives no batch of endless rows. */
    private record Loop(String name, java.util.function.UnaryOperator<Dataset> stage) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Loop> loops() {
        return List.of(
                new Loop("filter", data -> data.filter(row -> false)),
                new Loop("filter in memory", data -> data.map(row -> row).filter(row -> false)),
                new Loop("skip", data -> data.skip(Long.MAX_VALUE)),
                new Loop(
                        "shuffle",
                        data -> data.map(row -> row).shuffle(Integer.MAX_VALUE).filter(row -> false)),
                new Loop("window", data -> data.window(2, Integer.MAX_VALUE).skip(1L << 40)),
                new Loop("map", data -> data.map(2, row -> row).filter(row -> false)),
                new Loop("concat", data -> data.filter(row -> false).concat(data)),
                new Loop("interleave", data -> data.filter(row -> false).interleave(2, data)),
                new Loop("repeat", data -> data.filter(row -> false).repeat(5)),
                new Loop("cache", data -> data.filter(row -> false).cache()),
                new Loop(
                        "part", data -> data.filter(row -> false).splitTail(0.5).second()),
                new Loop("peek", data -> data.peek(number -> {}).filter(row -> false)));
    }

    /** All at once, since each goes on for a while after it was interrupted. */
    @BeforeAll
    @Timeout(300)
    static void startLoops() throws InterruptedException {
        for (Loop loop : loops()) {
            List<Interrupted> passes = new ArrayList<>();
            for (int prefetch = 0; prefetch <= 1; prefetch++) {
                CountDownLatch runs = new CountDownLatch(100);
                passes.add(Interrupted.start(
                        runs, loop.stage().apply(endless(runs)).batch(2).prefetch(prefetch)));
            }
            LOOPS.put(loop.name(), passes);
        }
        for (List<Interrupted> passes : LOOPS.values()) {
            for (Interrupted pass : passes) {
                pass.interrupt();
            }
        }
    }

    @AfterAll
    @Timeout(300)
    static void noThreadIsLeft() throws InterruptedException {
        for (List<Interrupted> passes : LOOPS.values()) {
            for (Interrupted pass : passes) {
                pass.consumer().join();
            }
        }
        assertEquals(0, threads());
    }

    @ParameterizedTest
    @MethodSource("loops")
    void aLoopWithoutEndIsGivenUp(Loop loop) throws Exception {
        for (Interrupted pass : LOOPS.get(loop.name())) {
            pass.requireGivenUp();
        }
    }

    @Test
    void memoryAndFilesWithoutEndAreGivenUp() throws Exception {
        Path csv = folder.resolve("data.csv");
        Files.writeString(csv, "a\n1\n2\n");
        byte[] lines = new byte[1 << 20];
        Arrays.fill(lines, (byte) '\n');
        Path empty = RepeatedGzip.write( // 1 GB in 1 MB.
                folder.resolve("long.csv.gz"), "a\n".getBytes(StandardCharsets.US_ASCII), lines, 1 << 10);
        Fields<Csv.Row> fields = new Fields<Csv.Row>().input(Csv.Column.numbers("a"));
        List<Interrupted> passes = new ArrayList<>();
        for (Dataset data : List.of(
                Values.numbers(3),
                Values.numbers(3).cache(),
                Csv.of(csv).dataset(fields),
                Csv.of(csv).dataset(fields).cache())) {
            CountDownLatch runs = new CountDownLatch(10);
            Dataset endless = data.filter(row -> {
                runs.countDown();
                return false;
            });
            passes.add(Interrupted.start(runs, concatenated(endless).batch(2)));
        }
        passes.add(Interrupted.start(
                new CountDownLatch(0), Csv.of(empty).dataset(fields).batch(1)));
        for (Interrupted pass : passes) {
            pass.interrupt();
        }
        for (Interrupted pass : passes) {
            pass.requireGivenUp();
        }
    }

    /** So often that nobody waits for the end. */
    private static Dataset concatenated(Dataset data) {
        Dataset all = data;
        for (int i = 0; i < 6; i++) {
            Dataset[] others = new Dataset[100];
            Arrays.fill(others, all);
            all = all.concat(others);
        }
        return all;
    }

    @Test
    void aRepeatedSourceThatIsEmptyEnds() {
        for (Dataset empty : List.of(
                Values.numbers(3).take(0),
                Values.numbers(3).filter(row -> false),
                Values.numbers(3).window(4, 1),
                Dataset.ofStream(Stream::<Float>empty, new Fields<Float>().input(Field.numbers(value -> value))))) {
            assertEquals(List.of(), Values.sizes(empty.repeat(Integer.MAX_VALUE).batch(1)));
            assertEquals(
                    List.of(),
                    Values.sizes(empty.repeat(Integer.MAX_VALUE)
                            .repeat(Integer.MAX_VALUE)
                            .batch(1)));
        }
        assertEquals(
                Long.MAX_VALUE,
                Values.numbers(3)
                        .repeat(Integer.MAX_VALUE)
                        .repeat(Integer.MAX_VALUE)
                        .repeat(Integer.MAX_VALUE)
                        .concat(Values.numbers(9))
                        .size()
                        .orElseThrow());
    }

    @Test
    void batchesThatComeAreNotDisturbed() throws Exception {
        Path csv = folder.resolve("data.csv");
        Files.writeString(csv, "a\n" + "1\n".repeat(2000));
        Dataset file = Csv.of(csv).dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a")));
        for (Batches batches : List.of(
                Values.numbers(2000).batch(2),
                Values.numbers(2000).map(2, row -> row).shuffle(9).batch(2).prefetch(2),
                file.batch(2),
                file.cache().repeat(2).batch(2).prefetch(1))) {
            FutureTask<Integer> loop = new FutureTask<>(() -> {
                Thread.currentThread().interrupt();
                int count = Values.sizes(batches).size();
                assertTrue(Thread.currentThread().isInterrupted());
                return count;
            });
            new Thread(loop).start();
            assertTrue(loop.get() >= 1000);
        }
    }

    /** A pass on a thread that is interrupted once some rows have been read. */
    private record Interrupted(CountDownLatch runs, Thread consumer, FutureTask<DataException> loop) {

        static Interrupted start(CountDownLatch runs, Batches batches) {
            FutureTask<DataException> loop = new FutureTask<>(() -> {
                try (BatchIterator pass = batches.open(0, 0)) {
                    DataException thrown = assertThrows(DataException.class, pass::hasNext);
                    assertTrue(Thread.currentThread().isInterrupted(), "the flag must be kept");
                    return thrown;
                }
            });
            Thread consumer = new Thread(loop, "consumer");
            consumer.start();
            return new Interrupted(runs, consumer, loop);
        }

        void interrupt() throws InterruptedException {
            runs.await();
            consumer.interrupt();
        }

        void requireGivenUp() throws InterruptedException, ExecutionException {
            DataException thrown = loop.get();
            assertTrue(thrown.getMessage().contains("interrupted while"), thrown.getMessage());
        }
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(ParallelCursor.THREAD_NAME)
                        || thread.getName().equals(Prefetch.THREAD_NAME))
                .filter(Thread::isAlive)
                .count();
    }
}
