package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.numbers;
import static io.github.tapeloop.data.Values.order;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShuffleTest {

    private static final List<Integer> HUNDRED = IntStream.range(0, 100).boxed().toList();

    @Test
    void aShuffleIsAPermutation() {
        for (int buffer : new int[] {1, 2, 7, 99, 100, 1000}) {
            List<Integer> order = order(numbers(100).shuffle(buffer).batch(7), 1, 0);
            assertEquals(HUNDRED, order.stream().sorted().toList());
        }
    }

    @Test
    void eachEpochHasANewOrder() {
        Batches batches = numbers(100).shuffle(100).batch(10);
        assertNotEquals(order(batches, 1, 0), order(batches, 1, 1));
        assertNotEquals(HUNDRED, order(batches, 1, 0));
    }

    @Test
    void theSameSeedAndEpochGiveTheSameOrder() {
        assertEquals(
                order(numbers(100).shuffle(30).batch(10), 8, 3),
                order(numbers(100).shuffle(30).batch(10), 8, 3));
        assertNotEquals(
                order(numbers(100).shuffle(30).batch(10), 8, 3),
                order(numbers(100).shuffle(30).batch(10), 9, 3));
    }

    @Test
    void aSeedOfItsOwnOverridesTheOpeners() {
        Batches batches = numbers(100).shuffle(100, 11).batch(10);
        assertEquals(order(batches, 1, 0), order(batches, 2, 0));
        assertNotEquals(order(batches, 1, 0), order(batches, 1, 1));
        assertEquals(order(batches, 1, 0), order(numbers(100).shuffle(100).batch(10), 11, 0));
    }

    @Test
    void aBufferOfOneKeepsTheOrder() {
        assertEquals(HUNDRED, order(numbers(100).shuffle(1).batch(10), 5, 5));
    }

    @Test
    void aSmallBufferMovesNoExampleForwardBeyondIt() {
        int buffer = 10;
        List<Integer> order = order(numbers(100).shuffle(buffer).batch(10), 1, 0);
        assertNotEquals(HUNDRED, order);
        for (int position = 0; position < order.size(); position++) {
            assertTrue(order.get(position) < position + buffer, "example " + order.get(position) + " at " + position);
        }
    }

    @Test
    void aSmallBufferReadsAStreamOnlyAsFarAsNeeded() throws IOException {
        ScriptedSource stream = ScriptedSource.of(100);
        try (Cursor cursor = new ShuffledSource(stream, 10, OptionalLong.empty()).open(0, 0)) {
            assertTrue(cursor.advance());
            assertEquals(10, stream.read.get());
            assertTrue(cursor.advance());
            assertEquals(11, stream.read.get());
        }
        assertEquals(1, stream.closed.get());
    }

    @Test
    void aFullBufferIsUniformOverThePermutations() throws IOException {
        assertUniform(new ShuffledSource(ScriptedSource.of(3), 3, OptionalLong.empty()));
    }

    @Test
    void aShuffleOfAShuffleIsUniformToo() throws IOException {
        Source once = new ShuffledSource(ScriptedSource.of(3), 3, OptionalLong.empty());
        assertUniform(new ShuffledSource(once, 3, OptionalLong.empty()));
    }

    private static void assertUniform(Source threeExamples) throws IOException {
        Map<List<Long>, Integer> counts = new HashMap<>();
        int epochs = 6_000;
        for (int epoch = 0; epoch < epochs; epoch++) {
            LongBuffer order = LongBuffer.allocate(3);
            try (Cursor cursor = threeExamples.open(17, epoch)) {
                while (cursor.advance()) {
                    cursor.example().write(1, order);
                }
            }
            counts.merge(Arrays.stream(order.array()).boxed().toList(), 1, Integer::sum);
        }
        assertEquals(6, counts.size());
        // Six standard deviations: sqrt(6000 * 1/6 * 5/6) is 29.
        counts.forEach((order, count) -> assertEquals(epochs / 6, count, 174, order.toString()));
    }

    @Test
    void aHandWrittenLoopSeesANewOrderEachTime() {
        Batches batches = numbers(100).shuffle(100).batch(10);
        List<Integer> first = order(batches.iterator());
        List<Integer> second = order(batches.iterator());
        assertNotEquals(first, second);
        assertEquals(order(batches, 0, 0), first);
        assertEquals(order(batches, 0, 1), second);
    }
}
