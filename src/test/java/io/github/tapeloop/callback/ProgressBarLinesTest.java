package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The lines of a progress bar as a whole: when they are drawn, how they are padded, how numbers look. */
class ProgressBarLinesTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final FakeRun run = new FakeRun();
    private int columns = 200;

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    private ProgressBar bar(boolean terminal, OptionalLong steps) {
        ProgressBar bar = new ProgressBar(out, terminal, () -> columns);
        bar.onTrainBegin(run, Event.TrainBegin.of(0, 3, steps));
        return bar;
    }

    private void batch(ProgressBar bar, long batch, long milliseconds, Map<String, Double> logs) {
        run.seconds += milliseconds / 1e3;
        bar.onTrainBatchEnd(run, Event.BatchEnd.of(batch, 50, () -> logs));
    }

    private void epochEnd(ProgressBar bar, int epoch, Map<String, Double> logs) {
        bar.onEpochEnd(run, Event.EpochEnd.of(epoch, logs, 4, 200, 1.25, 1));
    }

    private void trainEnd(ProgressBar bar, Optional<String> reason) {
        bar.onTrainEnd(run, Event.TrainEnd.of(Map.of(), reason, Optional.empty()));
    }

    @Test
    void aTerminalLineIsDrawnAtMostTenTimesASecond() {
        ProgressBar bar = bar(true, OptionalLong.of(8));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        for (int i = 0; i < 8; i++) {
            batch(bar, i, 60, Map.of("loss", 1.0)); // 60 ms each: every second one draws.
        }
        assertEquals(4, printed().chars().filter(c -> c == '\r').count());
    }

    @Test
    void logsThatAreNotDrawnAreNotAskedFor() {
        ProgressBar bar = bar(true, OptionalLong.of(8));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        run.seconds += 0.099;
        bar.onTrainBatchEnd(run, Event.BatchEnd.of(0, 1, () -> {
            throw new AssertionError("read from TensorFlow");
        }));
        ProgressBar plain = bar(false, OptionalLong.of(8));
        plain.onEpochBegin(run, Event.EpochBegin.of(0));
        run.seconds += 9.999;
        plain.onTrainBatchEnd(run, Event.BatchEnd.of(0, 1, () -> {
            throw new AssertionError("read from TensorFlow");
        }));
        assertEquals("", printed());
    }

    @Test
    void aShorterLineCoversTheLongerOneBefore() {
        ProgressBar bar = bar(true, OptionalLong.of(4));
        bar.onEpochBegin(run, Event.EpochBegin.of(1));
        batch(bar, 0, 500, Map.of("a_long_name", 1.0));
        batch(bar, 1, 500, Map.of());
        String[] lines = printed().split("\r");
        assertEquals("", lines[0]);
        assertEquals(
                "epoch 2/3  [======                  ]  1/4  100 examples/s  1.5 s left  a_long_name 1.0000", lines[1]);
        assertEquals(
                "epoch 2/3  [============            ]  2/4  100 examples/s  1.0 s left", lines[2].stripTrailing());
        assertEquals(lines[1].length(), lines[2].length());
    }

    @Test
    void theLastBatchFillsTheBarAndTheEpochLineReplacesIt() {
        ProgressBar bar = bar(true, OptionalLong.of(2));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        batch(bar, 0, 500, Map.of());
        batch(bar, 1, 500, Map.of());
        epochEnd(bar, 0, Map.of("loss", 0.5));
        String[] lines = printed().split("\r");
        assertTrue(lines[2].contains("[" + "=".repeat(24) + "]  2/2  100 examples/s  0.0 s left"), lines[2]);
        assertEquals("epoch 1/3  4 steps  1.3 s  200 examples/s  loss 0.5000", lines[3].stripTrailing());
        assertTrue(lines[3].endsWith("\n"), "the epoch's line stays");
    }

    @Test
    void moreStepsThanAnnouncedDoNotOverfillTheBar() {
        ProgressBar bar = bar(true, OptionalLong.of(1));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        batch(bar, 0, 500, Map.of());
        batch(bar, 1, 500, Map.of());
        String last = printed().split("\r")[2];
        assertTrue(last.contains("[" + "=".repeat(24) + "]  2/2 "), last);
    }

    @Test
    void aRunThatFailsInAnEpochLeavesItsLineStanding() {
        ProgressBar bar = bar(true, OptionalLong.of(4));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        batch(bar, 0, 500, Map.of());
        trainEnd(bar, Optional.empty());
        assertTrue(printed().endsWith("left\n"), printed());
        trainEnd(bar, Optional.of("a reason"));
        assertTrue(printed().endsWith("left\nstopped: a reason\n"), printed());
    }

    @Test
    void eachEpochStartsItsOwnCount() {
        ProgressBar bar = bar(true, OptionalLong.empty());
        for (int epoch = 0; epoch < 2; epoch++) {
            bar.onEpochBegin(run, Event.EpochBegin.of(epoch));
            batch(bar, 0, 1_000, Map.of());
            epochEnd(bar, epoch, Map.of());
        }
        String[] lines = printed().split("\r");
        assertEquals("epoch 1/3  step 1  50 examples/s", lines[1].stripTrailing());
        assertEquals("epoch 2/3  step 1  50 examples/s", lines[3].stripTrailing());
    }

    @ParameterizedTest
    @CsvSource({
        "1234.5, 1234.5000",
        "0.00101, 0.0010",
        "0.001, 1.0000e-03",
        "-0.0005, -5.0000e-04",
        "-2, -2.0000",
        "0, 0.0000e+00",
        "NaN, NaN",
        "Infinity, Infinity"
    })
    void numbersHaveFourDecimalsOrAnExponent(double value, String text) {
        ProgressBar bar = bar(false, OptionalLong.of(4));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        epochEnd(bar, 0, Map.of("x", value));
        assertEquals("epoch 1/3  4 steps  1.3 s  200 examples/s  x " + text + "\n", printed());
    }

    @Test
    void linesDoNotDependOnTheLocale() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            ProgressBar bar = bar(false, OptionalLong.of(4));
            bar.onEpochBegin(run, Event.EpochBegin.of(0));
            bar.onEpochEnd(run, Event.EpochEnd.of(0, Map.of("loss", 0.5), 4, 12_345, 1, 1));
        } finally {
            Locale.setDefault(before);
        }
        assertEquals("epoch 1/3  4 steps  1.0 s  12,345 examples/s  loss 0.5000\n", printed());
    }

    @Test
    void eventsSortTheirLogsAndKeepThem() {
        Event.EpochEnd end = Event.EpochEnd.of(0, Map.of("val_loss", 2.0, "loss", 1.0, "accuracy", 3.0), 4, 200, 2, 0);
        assertEquals(
                List.of("accuracy", "loss", "val_loss"), List.copyOf(end.logs().keySet()));
        assertThrows(UnsupportedOperationException.class, () -> end.logs().clear());
        assertEquals(0, end.examplesPerSecond(), "no time was taken");
        assertFalse(end.equals(Event.EpochEnd.of(1, end.logs(), 4, 200, 2, 0)));
    }

    @Test
    void aLineThatMovesFitsIntoTheTerminal() {
        for (int width : new int[] {1, 20, 40, 79, 80}) {
            bytes.reset();
            columns = width;
            ProgressBar bar = bar(true, OptionalLong.of(2000));
            bar.onEpochBegin(run, Event.EpochBegin.of(0));
            for (int i = 0; i < 5; i++) {
                batch(bar, 400 * i, 200, Map.of("loss", 1.0, "accuracy", 0.25, "a metric with a long name", 0.125));
            }
            String[] lines = printed().split("\r");
            assertEquals(6, lines.length);
            for (String line : lines) {
                assertTrue(line.length() < Math.max(2, width), width + " columns: " + line);
            }
        }
    }

    @Test
    void theBarGivesWayToTheNumbers() {
        columns = 72;
        ProgressBar bar = bar(true, OptionalLong.of(20));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        batch(bar, 9, 1000, Map.of("loss", 1.0));
        assertEquals("\repoch 1/3  [=====      ]  10/20  50 examples/s  1.0 s left  loss 1.0000", printed());
    }

    @Test
    void theLineOfAnEpochIsWhole() {
        columns = 20;
        ProgressBar bar = bar(true, OptionalLong.of(4));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        epochEnd(bar, 0, Map.of("loss", 1.0));
        assertTrue(printed().endsWith("loss 1.0000\n"), printed());
    }

    @Test
    void widthsAreNumbersAboveZero() {
        assertEquals(40, Terminal.parse(" 40\n"));
        for (String none : Arrays.asList(null, "", "0", "-1", "wide")) {
            assertNull(Terminal.parse(none));
        }
        assertTrue(Terminal.width() > 0);
    }
}
