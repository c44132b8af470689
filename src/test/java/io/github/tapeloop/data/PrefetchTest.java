package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.nativeObjects;
import static io.github.tapeloop.data.Values.numbers;
import static io.github.tapeloop.data.Values.order;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PrefetchTest {

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(4, TimeUnit.MINUTES), "waited in vain");
        } catch (InterruptedException e) {
            throw new AssertionError("the source was interrupted", e);
        }
    }

    private static void assertEnds(Thread thread) throws InterruptedException {
        thread.join(5_000);
        assertFalse(thread.isAlive(), thread + " still runs");
    }

    @Test
    void prefetchedBatchesEqualThoseThatAreNot() {
        Batches plain = numbers(103).shuffle(50).batch(4);
        for (int n : new int[] {1, 2, 100}) {
            assertEquals(order(plain, 6, 2), order(plain.prefetch(n), 6, 2));
        }
        assertEquals(plain.size(), plain.prefetch(3).size());
        assertEquals(
                List.of(4, 4), Values.sizes(numbers(10).batch(4).prefetch(2).take(2)));
    }

    @Test
    void batchesAreAssembledOnOneNamedDaemonThread() throws InterruptedException {
        ScriptedSource source = ScriptedSource.of(5);
        Values.sizes(Dataset.from(source).batch(5).prefetch(1));
        assertNotSame(Thread.currentThread(), source.reader);
        assertEquals("tapeloop-prefetch", source.reader.getName());
        assertTrue(source.reader.isDaemon());
        assertEnds(source.reader);
    }

    @Test
    void theThreadEndsWhenTheBatchesAreExhausted() {
        ScriptedSource source = ScriptedSource.of(5);
        for (Batch batch : Dataset.from(source).batch(2).prefetch(2)) {
            assertTrue(batch.size() > 0);
        }
        assertFalse(source.reader.isAlive());
        assertEquals(1, source.closed.get());
    }

    @Test
    void theThreadEndsWhenTheIteratorIsClosedWithAFullQueue() {
        CountDownLatch full = new CountDownLatch(4);
        ScriptedSource source = new ScriptedSource(1000, example -> full.countDown());
        BatchIterator pass = Dataset.from(source).batch(1).prefetch(3).open(0, 0);
        pass.next();
        await(full);
        pass.close();
        pass.close();
        assertFalse(source.reader.isAlive());
        assertEquals(1, source.closed.get());
        assertThrows(IllegalStateException.class, pass::next);
    }

    @Test
    void closingEndsAReadThatBlocks() {
        CountDownLatch reading = new CountDownLatch(1);
        ScriptedSource source = new ScriptedSource(5, example -> {
            reading.countDown();
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                throw new IOException("interrupted", e);
            }
        });
        BatchIterator pass = Dataset.from(source).batch(1).prefetch(1).open(0, 0);
        await(reading);
        pass.close();
        assertFalse(source.reader.isAlive());
        assertEquals(1, source.closed.get());
    }

    @Test
    void noMoreBatchesThanAskedForAreMadeAhead() throws InterruptedException {
        ScriptedSource source = ScriptedSource.of(1000);
        BatchIterator pass = Dataset.from(source).batch(2).prefetch(3).open(0, 0);
        pass.next();
        while (source.reader.isAlive() && (source.read.get() < 8 || source.reader.getState() != Thread.State.WAITING)) {
            Thread.onSpinWait();
        }
        assertEquals(8, source.read.get());
        pass.close();
    }

    @Test
    void batchesWaitingInTheQueueAreClosedWithTheIterator() {
        Batches batches = numbers(1000).batch(8).prefetch(8);
        Values.sizes(batches);
        long before = nativeObjects();
        for (int round = 0; round < 20; round++) {
            try (BatchIterator pass = batches.open(0, round)) {
                pass.next();
            }
        }
        assertTrue(nativeObjects() <= before, nativeObjects() + " native objects, before " + before);
    }

    @Test
    void anUncheckedFailureComesOutAsItIsAfterTheBatchesBeforeIt() {
        AtomicReference<RuntimeException> thrown = new AtomicReference<>();
        ScriptedSource source = new ScriptedSource(9, example -> {
            if (example == 4) {
                thrown.set(new UnsupportedOperationException("broken"));
                throw thrown.get();
            }
        });
        BatchIterator pass = Dataset.from(source).batch(2).prefetch(4).open(0, 0);
        assertEquals(List.of(0L, 1L), Values.target(pass.next()));
        assertEquals(List.of(2L, 3L), Values.target(pass.next()));
        RuntimeException broken = assertThrows(UnsupportedOperationException.class, pass::next);
        assertSame(thrown.get(), broken);
        assertTrue(broken.getSuppressed()[0].getMessage().contains("batch 2"), broken.getSuppressed()[0].getMessage());
        assertTrue(mentions(broken.getSuppressed()[0], PrefetchTest.class), "no trace of the consumer");
        assertTrue(mentions(broken, ScriptedSource.class), "no trace of the producer");
        assertFalse(source.reader.isAlive());
    }

    private static boolean mentions(Throwable thrown, Class<?> type) {
        return Arrays.stream(thrown.getStackTrace())
                .anyMatch(frame -> frame.getClassName().startsWith(type.getName()));
    }

    @Test
    void aCheckedFailureIsWrappedWithItsBatch() {
        IOException broken = new IOException("disk gone");
        ScriptedSource source = new ScriptedSource(9, example -> {
            if (example == 2) {
                throw broken;
            }
        });
        BatchIterator pass = Dataset.from(source).batch(2).prefetch(4).open(0, 0);
        pass.next();
        DataException failure = assertThrows(DataException.class, pass::hasNext);
        assertSame(broken, failure.getCause());
        assertTrue(failure.getMessage().contains("batch 1"), failure.getMessage());
    }

    @Test
    void anErrorComesOutToo() {
        ScriptedSource source = new ScriptedSource(9, example -> {
            throw new StackOverflowError();
        });
        BatchIterator pass = Dataset.from(source).batch(2).prefetch(1).open(0, 0);
        assertThrows(StackOverflowError.class, pass::hasNext);
    }

    @Test
    void anInterruptedConsumerStillGetsItsBatchesAndKeepsTheFlag() {
        CountDownLatch go = new CountDownLatch(1);
        ScriptedSource source = new ScriptedSource(4, example -> await(go));
        BatchIterator pass = Dataset.from(source).batch(1).prefetch(1).open(0, 0);
        try {
            Thread.currentThread().interrupt();
            new Thread(go::countDown).start();
            assertEquals(List.of(0L), Values.target(pass.next()));
            assertTrue(Thread.currentThread().isInterrupted());
            assertEquals(List.of(1L), Values.target(pass.next()));
            pass.close();
            assertTrue(Thread.currentThread().isInterrupted());
            assertFalse(source.reader.isAlive());
        } finally {
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void anInterruptWhileWaitingIsKept() throws InterruptedException {
        CountDownLatch go = new CountDownLatch(1);
        ScriptedSource source = new ScriptedSource(1, example -> await(go));
        boolean[] seen = new boolean[2];
        Thread consumer = new Thread(() -> {
            try (BatchIterator pass = Dataset.from(source).batch(1).prefetch(1).open(0, 0)) {
                seen[0] = pass.hasNext();
                seen[1] = Thread.currentThread().isInterrupted();
            }
        });
        consumer.start();
        while (consumer.getState() != Thread.State.WAITING && consumer.isAlive()) {
            Thread.onSpinWait();
        }
        consumer.interrupt();
        go.countDown();
        assertEnds(consumer);
        assertTrue(seen[0]);
        assertTrue(seen[1]);
    }
}
