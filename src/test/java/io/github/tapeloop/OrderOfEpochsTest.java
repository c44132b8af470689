package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.LearningRateScheduler;
import io.github.tapeloop.data.Batches;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The order of shuffled data, epoch by epoch, seen through the losses of batches where nothing is learned. */
class OrderOfEpochsTest {

    private static final Batches DATA = Problems.clusters(40).shuffle(40).batch(8);

    private final List<Double> losses = new ArrayList<>();

    private void fit(Trainer trainer, Fit options) {
        trainer.fit(
                DATA,
                options.callbacks(
                        new LearningRateScheduler((epoch, rate) -> 0),
                        Callback.trainBatchEnd(
                                (run, event) -> losses.add(event.logs().get("loss")))));
    }

    private List<Double> seen() {
        List<Double> seen = List.copyOf(losses);
        losses.clear();
        return seen;
    }

    private List<Double> whole() {
        try (Trainer trainer = Problems.trainer()) {
            fit(trainer, Fit.epochs(4));
        }
        List<Double> whole = seen();
        assertNotEquals(whole.subList(0, 4), whole.subList(5, 9), "epochs differ");
        return whole;
    }

    @Test
    void fitsOfAnEpochEachSeeTheOrdersOfOneFit() {
        List<Double> whole = whole();
        try (Trainer trainer = Problems.trainer()) {
            fit(trainer, Fit.epochs(9).dryRun());
            seen();
            for (int i = 0; i < 4; i++) {
                fit(trainer, Fit.epochs(1));
            }
        }
        assertEquals(whole, seen());
    }

    @Test
    void aRunThatIsContinuedSeesTheOrdersOfOneFit() {
        List<Double> whole = whole();
        try (Trainer trainer = Problems.trainer()) {
            fit(trainer, Fit.epochs(2));
            fit(trainer, Fit.epochs(4).initialEpoch(2));
        }
        assertEquals(whole, seen());
        try (Trainer later = Problems.trainer()) {
            fit(later, Fit.epochs(4).initialEpoch(2));
        }
        assertEquals(whole.subList(10, 20), seen());
    }
}
