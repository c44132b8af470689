package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Threads of a pass that block: in a source, in a map, with and without hearing interrupts. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PassThreadsTest {

    /** Where the fourth example blocks. */
    enum Blocked {
        SOURCE_PREFETCHED,
        MAP,
        MAP_PREFETCHED,
        SOURCE_OF_MAP_PREFETCHED;

        Batches batches(Runnable block) {
            ScriptedSource source = new ScriptedSource(20, example -> {
                if (example == 3 && name().startsWith("SOURCE")) {
                    block.run();
                }
            });
            Dataset data = Dataset.from(source);
            if (name().contains("MAP")) {
                data = data.map(2, row -> {
                    if (row.number() == 3 && name().startsWith("MAP")) {
                        block.run();
                    }
                    return row;
                });
            }
            Batches batches = data.batch(1);
            return name().endsWith("PREFETCHED") ? batches.prefetch(1) : batches;
        }
    }

    /** What blocks a worker, and ends when the test does. */
    private static final class Block {
        private final CountDownLatch blocked = new CountDownLatch(1);
        private final CountDownLatch never = new CountDownLatch(1);
        private final AtomicReference<Thread> worker = new AtomicReference<>();

        void hears() {
            worker.set(Thread.currentThread());
            blocked.countDown();
            try {
                never.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException("the source was interrupted", e);
            }
        }

        void isDeaf() {
            worker.set(Thread.currentThread());
            blocked.countDown();
            boolean interrupted = true;
            while (interrupted) {
                try {
                    never.await();
                    interrupted = false;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }

        /** Pulls until a batch does not come, on a thread that is interrupted then. */
        FutureTask<DataException> interruptedWhileWaiting(Batches batches) throws InterruptedException {
            FutureTask<DataException> loop = new FutureTask<>(() -> {
                try (BatchIterator pass = batches.open(0, 0)) {
                    DataException thrown = assertThrows(DataException.class, () -> {
                        while (pass.hasNext()) {
                            pass.next();
                        }
                    });
                    assertTrue(Thread.currentThread().isInterrupted(), "the flag must be kept");
                    return thrown;
                }
            });
            Thread consumer = new Thread(loop, "consumer");
            consumer.start();
            blocked.await();
            consumer.interrupt();
            return loop;
        }

        void requireToBeLeftBehind() throws InterruptedException {
            assertTrue(worker.get().isAlive());
            never.countDown();
            worker.get().join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void anInterruptIsHeardWhileASourceBlocks(Blocked where) throws Exception {
        Block block = new Block();
        DataException thrown =
                block.interruptedWhileWaiting(where.batches(block::hears)).get();
        assertTrue(thrown.getMessage().contains("interrupted while"), thrown.getMessage());
        block.worker.get().join();
    }

    /** Two passes that are interrupted and one that is closed, all at once, since each waits for seconds. */
    @Test
    void whatIsDeafIsWaitedForWithinABoundAndIsNamedWithItsPlace() throws Exception {
        Map<Blocked, Block> blocks = new EnumMap<>(Blocked.class);
        Map<Blocked, FutureTask<DataException>> loops = new EnumMap<>(Blocked.class);
        Block ofClosed = new Block();
        String said = said(() -> {
            for (Blocked where : List.of(Blocked.SOURCE_PREFETCHED, Blocked.MAP)) {
                Block block = new Block();
                blocks.put(where, block);
                loops.put(where, block.interruptedWhileWaiting(where.batches(block::isDeaf)));
            }
            try (BatchIterator pass = Blocked.MAP.batches(ofClosed::isDeaf).open(0, 0)) {
                pass.next();
                ofClosed.blocked.await();
            }
            for (FutureTask<DataException> loop : loops.values()) {
                DataException thrown = loop.get();
                assertTrue(thrown.getMessage().contains("interrupted while"), thrown.getMessage());
            }
            return null;
        });
        String closer = "[" + Thread.currentThread().getName() + "] WARN";
        String left = "was interrupted, has not ended within 5 s";
        assertTrue(
                said.lines().anyMatch(line -> line.startsWith(closer) && line.contains("tapeloop-map of map " + left)),
                said);
        assertTrue(said.contains("Thread tapeloop-prefetch of prefetch " + left), said);
        assertEquals(3, said.split(Pattern.quote("PassThreadsTest$Block.isDeaf"), -1).length - 1, said);
        ofClosed.requireToBeLeftBehind();
        for (Block block : blocks.values()) {
            block.requireToBeLeftBehind();
        }
    }

    /** What is logged by a piece of work. */
    private static String said(Callable<Void> work) throws Exception {
        PrintStream err = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8)); // Where slf4j-simple writes in tests.
        try {
            work.call();
        } finally {
            System.setErr(err);
        }
        return log.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @EnumSource(names = {"SOURCE_PREFETCHED", "MAP", "MAP_PREFETCHED"})
    void aLoopLeftByBreakLeavesNoThreadsForEver(Blocked where) throws Exception {
        AtomicReference<Thread> thread = new AtomicReference<>();
        boolean ofSource = where == Blocked.SOURCE_PREFETCHED; // With a map, the source is read by this thread too.
        Dataset data = Dataset.from(new ScriptedSource(1000, example -> {
                    if (ofSource) {
                        thread.set(Thread.currentThread());
                    }
                }))
                .map(ofSource ? 0 : 1, row -> {
                    if (!ofSource) {
                        thread.set(Thread.currentThread());
                    }
                    return row;
                });
        leave(where == Blocked.MAP ? data.batch(2) : data.batch(2).prefetch(2));
        while (thread.get().isAlive()) {
            System.gc();
            thread.get().join(10);
        }
        assertFalse(thread.get().isAlive());
    }

    private static void leave(Batches batches) {
        for (Batch batch : batches) {
            assertEquals(2, batch.size());
            break;
        }
    }
}
