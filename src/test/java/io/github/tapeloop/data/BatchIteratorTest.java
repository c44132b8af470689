package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.nativeObjects;
import static io.github.tapeloop.data.Values.numbers;
import static io.github.tapeloop.data.Values.sizes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class BatchIteratorTest {

    private static boolean isClosed(Batch batch) {
        try {
            Values.input(batch);
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }

    @Test
    void aShortLastBatchKeepsItsRemainder() {
        assertEquals(List.of(4, 4, 2), sizes(numbers(10).batch(4)));
        assertEquals(List.of(5, 5), sizes(numbers(10).batch(5)));
        assertEquals(List.of(10), sizes(numbers(10).batch(100)));
    }

    @Test
    void aDroppedRemainderIsNotDelivered() {
        assertEquals(List.of(4, 4), sizes(numbers(10).batch(4, true)));
        assertEquals(List.of(5, 5), sizes(numbers(10).batch(5, true)));
        assertEquals(List.of(), sizes(numbers(10).batch(11, true)));
    }

    @Test
    void batchesKnowTheirNumbers() {
        Batches kept = numbers(10).batch(4);
        assertEquals(OptionalLong.of(3), kept.size());
        assertEquals(OptionalLong.of(10), kept.examples());
        assertEquals(4, kept.batchSize());
        Batches dropped = numbers(10).batch(4, true);
        assertEquals(OptionalLong.of(2), dropped.size());
        assertEquals(OptionalLong.of(8), dropped.examples());
        Batches unknown = Dataset.from(ScriptedSource.of(3)).batch(2);
        assertEquals(OptionalLong.empty(), unknown.size());
        assertEquals(OptionalLong.empty(), unknown.examples());
    }

    @Test
    void takeKeepsTheFirstBatches() {
        assertEquals(List.of(4, 4), sizes(numbers(10).batch(4).take(2)));
        assertEquals(List.of(4, 4, 2), sizes(numbers(10).batch(4).take(9)));
        assertEquals(List.of(), sizes(numbers(10).batch(4).take(0)));
        assertEquals(List.of(4, 4), sizes(numbers(10).batch(4, true).take(Long.MAX_VALUE)));
        assertEquals(OptionalLong.of(2), numbers(10).batch(4).take(2).size());
    }

    @Test
    void splitGivesTrainingAndValidationBatches() {
        Batches.Split split = numbers(100).shuffle(100).batch(8).prefetch(2).splitTail(0.1);
        assertEquals(OptionalLong.of(90), split.train().examples());
        assertEquals(8, split.validation().batchSize());
        assertEquals(List.of(90, 91, 92, 93, 94, 95, 96, 97, 98, 99), Values.order(split.validation(), 4, 4));
    }

    @Test
    void pullingTheNextClosesTheBatchBefore() {
        try (BatchIterator pass = numbers(6).batch(2).open(0, 0)) {
            Batch first = pass.next();
            assertFalse(isClosed(first));
            Batch second = pass.next();
            assertTrue(isClosed(first));
            assertTrue(pass.hasNext());
            assertTrue(isClosed(second));
            Batch third = pass.next();
            assertFalse(isClosed(third));
            assertFalse(pass.hasNext());
            assertTrue(isClosed(third));
        }
    }

    @Test
    void askingTwicePullsOnce() {
        try (BatchIterator pass = numbers(4).batch(2).open(0, 0)) {
            assertTrue(pass.hasNext());
            assertTrue(pass.hasNext());
            assertEquals(List.of(0, 1), Values.target(pass.next()));
            assertEquals(List.of(2, 3), Values.target(pass.next()));
        }
    }

    @Test
    void closingEndsTheBatchThatIsOut() {
        BatchIterator pass = numbers(4).batch(2).open(0, 0);
        Batch batch = pass.next();
        pass.close();
        pass.close();
        assertTrue(isClosed(batch));
        assertThrows(IllegalStateException.class, pass::hasNext);
        assertThrows(IllegalStateException.class, pass::next);
    }

    @Test
    void theEndIsReportedAgainAndAgain() {
        ScriptedSource source = ScriptedSource.of(1);
        try (BatchIterator pass = Dataset.from(source).batch(2).open(0, 0)) {
            pass.next();
            assertFalse(pass.hasNext());
            assertFalse(pass.hasNext());
            assertThrows(NoSuchElementException.class, pass::next);
            assertEquals(1, source.closed.get());
        }
        assertEquals(1, source.closed.get());
    }

    @Test
    void nothingIsOpenedBeforeAPass() {
        ScriptedSource source = ScriptedSource.of(4);
        Batches batches = Dataset.from(source).shuffle(2).skip(1).batch(2);
        assertEquals(0, source.opened.get());
        sizes(batches);
        sizes(batches);
        assertEquals(2, source.opened.get());
        assertEquals(2, source.closed.get());
    }

    @Test
    void aForEachLoopThatRunsToItsEndLeaksNothing() {
        Batches batches = numbers(1000).batch(8);
        sizes(batches);
        long before = nativeObjects();
        sizes(batches);
        assertTrue(nativeObjects() <= before, nativeObjects() + " native objects, before " + before);
    }

    @Test
    void aFailedReadNamesItsBatchAndClosesThePass() {
        IOException broken = new IOException("disk gone");
        ScriptedSource source = new ScriptedSource(9, example -> {
            if (example == 5) {
                throw broken;
            }
        });
        BatchIterator pass = Dataset.from(source).batch(2).open(0, 0);
        pass.next();
        Batch second = pass.next();
        DataException failure = assertThrows(DataException.class, pass::next);
        assertTrue(failure.getMessage().contains("batch 2"), failure.getMessage());
        assertTrue(failure.getMessage().contains("disk gone"), failure.getMessage());
        assertSame(broken, failure.getCause());
        assertTrue(isClosed(second));
        assertEquals(1, source.closed.get());
        assertThrows(IllegalStateException.class, pass::hasNext);
    }

    @Test
    void aFailureHalfWayThroughTheColumnsClosesTheTensorsMade() {
        ScriptedSource source = ScriptedSource.of(4);
        Batches batches = Dataset.from(source).batch(2);
        sizes(batches);
        source.targetsPerExample = 0;
        long before = nativeObjects();
        for (int round = 0; round < 20; round++) {
            DataException failure = assertThrows(DataException.class, () -> sizes(batches));
            assertTrue(failure.getMessage().contains("target int64 []"), failure.getMessage());
        }
        assertTrue(nativeObjects() <= before, nativeObjects() + " native objects, before " + before);
    }
}
