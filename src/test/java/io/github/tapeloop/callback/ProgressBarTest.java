package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ProgressBarTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final FakeRun run = new FakeRun();
    private int columns = 200;

    /** A run that nobody runs. */
    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    private void epoch(ProgressBar bar, OptionalLong steps) {
        bar.onTrainBegin(run, Event.TrainBegin.of(0, 2, steps));
        bar.onEpochBegin(run, Event.EpochBegin.of(0));
        for (int batch = 0; batch < 4; batch++) {
            run.seconds += 1;
            bar.onTrainBatchEnd(run, Event.BatchEnd.of(batch, 10, () -> Map.of("loss", 0.5)));
        }
        bar.onEpochEnd(run, Event.EpochEnd.of(0, Map.of("loss", 0.25, "tiny", 0.00012), 4, 40, 75, 4));
        bar.onTrainEnd(run, Event.TrainEnd.of(Map.of(), Optional.of("enough"), Optional.empty()));
    }

    @Test
    void withoutATerminalThereIsALineAnEpoch() {
        epoch(new ProgressBar(out, false, () -> columns), OptionalLong.of(4));
        assertEquals(
                "epoch 1/2  4 steps  1 min 15 s  10 examples/s  loss 0.2500  tiny 1.2000e-04\nstopped: enough\n",
                printed());
    }

    @Test
    void onATerminalTheLineShowsRateAndTimeLeft() {
        epoch(new ProgressBar(out, true, () -> columns), OptionalLong.of(4));
        String second = printed().split("\r")[2];
        assertEquals("epoch 1/2  [============            ]  2/4  10 examples/s  2.0 s left  loss 0.5000", second);
    }

    @Test
    void anUnknownNumberOfStepsShowsTheStep() {
        epoch(new ProgressBar(out, true, () -> columns), OptionalLong.empty());
        assertEquals(
                "epoch 1/2  step 2  10 examples/s  loss 0.5000",
                printed().split("\r")[2].stripTrailing());
    }
}
