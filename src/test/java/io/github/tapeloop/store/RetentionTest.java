package io.github.tapeloop.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Which checkpoints stay, decided without a disk. */
class RetentionTest {

    /** Checkpoints 1, 2, … with a step each and a loss of a tenth of it. */
    private static List<Retention.Kept> saved(long... steps) {
        List<Retention.Kept> saved = new ArrayList<>();
        for (long step : steps) {
            saved.add(new Retention.Kept(saved.size() + 1, step, Map.of("loss", step / 10.0)));
        }
        return saved;
    }

    private static List<Long> kept(Retention retention, List<Retention.Kept> saved) {
        List<Retention.Kept> gone = retention.deletable(saved);
        return saved.stream()
                .filter(one -> !gone.contains(one))
                .map(Retention.Kept::step)
                .toList();
    }

    @Test
    void theRulesKeepWhatTheySay() {
        List<Retention.Kept> saved = saved(100, 200, 300, 400, 500);
        assertEquals(List.of(500L), kept(Retention.newest(), saved));
        assertEquals(List.of(100L, 200L, 300L, 400L, 500L), kept(Retention.all(), saved));
        assertEquals(List.of(400L, 500L), kept(Retention.newest().last(2), saved));
        assertEquals(
                List.of(100L, 200L, 300L, 400L, 500L), kept(Retention.newest().last(9), saved));
        assertEquals(List.of(100L, 200L, 500L), kept(Retention.newest().best("loss", 2, false), saved));
        assertEquals(List.of(400L, 500L), kept(Retention.newest().best("loss", 2, true), saved));
        assertEquals(List.of(300L, 500L), kept(Retention.newest().every(250), saved));
        assertEquals(
                List.of(100L, 300L, 400L, 500L),
                kept(Retention.newest().last(2).best("loss", 1, false).every(250), saved));
        assertEquals(List.of(), Retention.newest().deletable(List.of()));
    }

    @Test
    void aScoreThatIsMissingOrNaNIsNoneOfTheBestAndOfEqualOnesTheOlderIs() {
        List<Retention.Kept> saved = List.of(
                new Retention.Kept(1, 1, Map.of("loss", Double.NaN)),
                new Retention.Kept(2, 2, Map.of()),
                new Retention.Kept(3, 3, Map.of("loss", Double.POSITIVE_INFINITY)),
                new Retention.Kept(4, 4, Map.of("loss", 0.0)),
                new Retention.Kept(5, 5, Map.of("loss", 0.0)),
                new Retention.Kept(6, 6, Map.of("other", 0.0)));
        assertEquals(List.of(4L, 6L), kept(Retention.newest().best("loss", 1, false), saved));
        assertEquals(List.of(3L, 4L, 6L), kept(Retention.newest().best("loss", 2, true), saved));
        assertEquals(List.of(6L), kept(Retention.newest().best("none", 9, true), saved));
    }

    @Test
    void theOrderInWhichTheyAreGivenDoesNotMatter() {
        List<Retention.Kept> saved = saved(10, 30, 20, 40, 15);
        List<Retention.Kept> shuffled = new ArrayList<>(saved);
        Collections.shuffle(shuffled, new Random(1));
        Retention retention = Retention.newest().last(1).best("loss", 1, false).every(20);
        assertEquals(retention.deletable(saved), retention.deletable(shuffled));
    }

    /** Whatever the rules and the steps: deciding after each checkpoint comes to what deciding at the end does not delete. */
    @Test
    void theNewestAlwaysStaysAndWhatIsKeptForGoodIsNeverDeleted() {
        Random random = new Random(4);
        for (int round = 0; round < 500; round++) {
            long every = 1 + random.nextInt(40);
            Retention retention =
                    Retention.newest().every(every).best("loss", 1 + random.nextInt(3), random.nextBoolean());
            List<Retention.Kept> disk = new ArrayList<>();
            List<Long> marks = new ArrayList<>();
            long step = 0;
            for (int number = 1; number < 40; number++) {
                step += random.nextInt(12);
                Retention.Kept next = new Retention.Kept(number, step, Map.of("loss", (double) random.nextInt(5)));
                long mark = step / every;
                if (mark > 0 && !marks.contains(mark)) {
                    marks.add(mark);
                }
                disk.add(next);
                disk.removeAll(retention.deletable(disk));
                assertTrue(disk.contains(next), "the newest stays");
                assertEquals(
                        marks,
                        disk.stream()
                                .map(one -> one.step() / every)
                                .filter(one -> one > 0)
                                .distinct()
                                .toList());
            }
        }
    }

    @Test
    void countsBelowOneAreRefused() {
        for (int no : LongStream.of(0, -1).mapToInt(Math::toIntExact).toArray()) {
            assertThrows(
                    IllegalArgumentException.class, () -> Retention.newest().last(no));
            assertThrows(
                    IllegalArgumentException.class, () -> Retention.newest().every(no));
            assertThrows(
                    IllegalArgumentException.class, () -> Retention.newest().best("loss", no, true));
        }
    }
}
