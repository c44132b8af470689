package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is told of examples before they are delivered. */
class PeekTest {

    private final List<Long> seen = new ArrayList<>();
    private final Dataset data =
            Dataset.of(new float[][] {{0}, {1}, {2}, {3}, {4}}, new int[5]).peek(seen::add);

    private static void pull(Batches batches) {
        batches.forEach(batch -> {});
    }

    @Test
    void examplesAreNumberedFromTheStartOfEachPass() {
        pull(data.batch(2));
        pull(data.take(2).batch(2));
        assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 0L, 1L), seen);
        assertEquals(5, data.size().orElseThrow());
    }

    @Test
    void skippedExamplesAreCountedButNotTold() {
        pull(data.skip(3).batch(2));
        assertEquals(List.of(3L, 4L), seen);
    }

    @Test
    void bothPartsOfASplitAreTold() {
        Dataset.Split parts = data.splitTail(0.4);
        pull(parts.first().batch(5));
        pull(parts.second().batch(5));
        assertEquals(List.of(0L, 1L, 2L, 0L, 1L), seen);
    }

    @Test
    void anActionIsNeeded() {
        assertThrows(NullPointerException.class, () -> data.peek(null));
    }
}
