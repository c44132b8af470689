package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An interrupt ends a pass that would not come to a batch, wherever it loops or blocks, and disturbs none that does. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InterruptsTest {

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

    @ParameterizedTest
    @MethodSource("loops")
    void aLoopWithoutEndIsGivenUp(Loop loop) throws Exception {
        for (int prefetch = 0; prefetch <= 1; prefetch++) {
            CountDownLatch runs = new CountDownLatch(100);
            Batches batches = loop.stage().apply(endless(runs)).batch(2).prefetch(prefetch);
            DataException thrown = interruptedWhen(runs, batches);
            assertTrue(thrown.getMessage().contains("interrupted while"), thrown.getMessage());
            assertEquals(0, threads());
        }
    }

    @Test
    void memoryAndFilesWithoutEndAreGivenUp() throws Exception {
        Path csv = folder.resolve("data.csv");
        Files.writeString(csv, "a\n1\n2\n");
        Path zeros = folder.resolve("long.csv.gz"); // 1 GB of empty lines in 1 MB.
        byte[] lines = new byte[1 << 20];
        Arrays.fill(lines, (byte) '\n');
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zeros), 1 << 16)) {
            out.write("a\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            for (int i = 0; i < 1 << 10; i++) {
                out.write(lines);
            }
        }
        Fields<Csv.Row> fields = new Fields<Csv.Row>().input(Csv.Column.numbers("a"));
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
            DataException thrown = interruptedWhen(runs, concatenated(endless).batch(2));
            assertTrue(thrown.getMessage().contains("interrupted while"), thrown.getMessage());
        }
        DataException thrown = interruptedWhen(
                new CountDownLatch(0), Csv.of(zeros).dataset(fields).batch(1));
        assertTrue(thrown.getMessage().contains("interrupted while"), thrown.getMessage());
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

    private static DataException interruptedWhen(CountDownLatch runs, Batches batches) throws Exception {
        FutureTask<DataException> loop = new FutureTask<>(() -> {
            try (BatchIterator pass = batches.open(0, 0)) {
                DataException thrown = assertThrows(DataException.class, pass::hasNext);
                assertTrue(Thread.currentThread().isInterrupted(), "the flag must be kept");
                return thrown;
            }
        });
        Thread consumer = new Thread(loop, "consumer");
        consumer.start();
        runs.await();
        consumer.interrupt();
        return loop.get();
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(ParallelCursor.THREAD_NAME)
                        || thread.getName().equals(Prefetch.THREAD_NAME))
                .filter(Thread::isAlive)
                .count();
    }
}
