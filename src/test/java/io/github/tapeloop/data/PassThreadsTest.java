package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Threads of a pass that block: in a source, in a map, with and without hearing interrupts. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
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

    private final CountDownLatch blocked = new CountDownLatch(1);
    private final CountDownLatch never = new CountDownLatch(1);
    private final AtomicReference<Thread> worker = new AtomicReference<>();

    private void hears() {
        worker.set(Thread.currentThread());
        blocked.countDown();
        try {
            never.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("the source was interrupted", e);
        }
    }

    private void isDeaf() {
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
    private DataException interruptedWhileWaiting(Batches batches) throws Exception {
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
        return loop.get();
    }

    @ParameterizedTest
    @EnumSource
    void anInterruptIsHeardWhileASourceBlocks(Blocked where) throws Exception {
        DataException thrown = interruptedWhileWaiting(where.batches(this::hears));
        assertTrue(thrown.getMessage().contains("interrupted while"), thrown.getMessage());
        worker.get().join();
    }

    @ParameterizedTest
    @EnumSource(names = {"SOURCE_PREFETCHED", "MAP"})
    void anInterruptIsHeardThoughTheSourceDoesNotHearIt(Blocked where) throws Exception {
        DataException thrown = interruptedWhileWaiting(where.batches(this::isDeaf));
        assertTrue(thrown.getMessage().contains("interrupted while"), thrown.getMessage());
        assertTrue(worker.get().isAlive());
        never.countDown();
        worker.get().join();
    }

    @Test
    void closeWaitsForADeafWorkerWithinABoundAndSaysWhereItIs() throws Exception {
        PrintStream err = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8)); // Where slf4j-simple writes in tests.
        try (BatchIterator pass = Blocked.MAP.batches(this::isDeaf).open(0, 0)) {
            pass.next();
            blocked.await();
        } finally {
            System.setErr(err);
        }
        String said = log.toString(StandardCharsets.UTF_8);
        assertTrue(said.contains("Thread tapeloop-map of map was interrupted, has not ended within 5 s"), said);
        assertTrue(said.contains("PassThreadsTest.isDeaf"), said);
        assertTrue(worker.get().isAlive());
        never.countDown();
        worker.get().join();
    }

    @ParameterizedTest
    @EnumSource(names = {"SOURCE_PREFETCHED", "MAP", "MAP_PREFETCHED"})
    void aLoopLeftByBreakLeavesNoThreadsForEver(Blocked where) throws Exception {
        AtomicReference<Thread> thread = new AtomicReference<>();
        Dataset data = Dataset.from(new ScriptedSource(1000, example -> thread.set(Thread.currentThread())))
                .map(where == Blocked.SOURCE_PREFETCHED ? 0 : 1, row -> {
                    thread.set(Thread.currentThread());
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
