package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.TapeSession;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which threads are fastest is a matter of measuring; the clock here makes it a matter of arithmetic. */
class ThreadTuningTest {

    /** A clock that goes on by a second in the steps of the first setting, more slowly in the others. */
    private static final class Clock {

        private int asked;
        private long now;

        private long nanoTime() {
            int turn = asked++ / 4; // Start, a look before and one after the only step, end.
            now += turn % 2 == 0 ? 1_000_000_000 : 200_000_000;
            return now;
        }
    }

    @Test
    void theSettingWithTheSmallestMedianIsTheFastest() {
        try (Batch batch = Problems.batches(6, 6).open(0, 0).next()) {
            ThreadTuning tuning = ThreadTuning.measure(
                    () -> Problems.trainerOf(Problems.network()), batch, false, new Clock()::nanoTime);
            assertEquals(
                    List.of(new TapeSession.Threads(1, 0), new TapeSession.Threads(0, 0)),
                    List.copyOf(tuning.stepMicros().keySet()));
            assertEquals(new TapeSession.Threads(0, 0), tuning.fastest());
            assertTrue(
                    tuning.toString().contains("inter-op 0, intra-op 0: 600000.0 us a step (fastest)"),
                    tuning.toString());
        }
    }

    @Test
    void threadsInsideOpsAreComparedWhereSessionsHaveTheirOwn() {
        try (Batch batch = Problems.batches(6, 6).open(0, 0).next()) {
            ThreadTuning tuning =
                    ThreadTuning.measure(() -> Problems.trainerOf(Problems.network()), batch, true, System::nanoTime);
            assertEquals(4, tuning.stepMicros().size());
        }
    }

    @Test
    void negativeNumbersOfThreadsAreRefused() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> new TapeSession.Threads(1, -1))
                .getMessage()
                .contains("got 1 and -1"));
    }
}
