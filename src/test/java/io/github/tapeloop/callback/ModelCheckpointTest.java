package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** When the model is saved, and where. */
class ModelCheckpointTest {

    private final FakeRun run = new FakeRun();

    @Test
    void eachEpochIsSavedUnderItsOwnName() {
        ModelCheckpoint callback = new ModelCheckpoint("models/{epoch:02d}-{val_loss:.2f}").weightsOnly();
        run.run(callback, "val_loss", 0.5, 0.256);
        assertEquals(List.of("models/01-0.50 weights", "models/02-0.26 weights"), run.saved);
    }

    @Test
    void onlyTheBestAreSaved() {
        run.run(new ModelCheckpoint("{epoch}").bestOnly(), "val_loss", 3, 4, 2, Double.NaN, 2, 1);
        assertEquals(List.of("1", "3", "6"), run.saved);
    }

    @Test
    void aMetricThatRisesIsBestAtItsTop() {
        run.run(new ModelCheckpoint("{epoch}").monitor("val_accuracy").bestOnly(), "val_accuracy", 0.3, 0.2, 0.4);
        assertEquals(List.of("1", "3"), run.saved);
    }

    @Test
    void theFirstOfTheBestMustBeatTheThreshold() {
        run.run(new ModelCheckpoint("{epoch}").bestOnly().initialThreshold(2.5), "val_loss", 3, 2.5, 2);
        assertEquals(List.of("3"), run.saved);
    }

    @Test
    void batchesAreCountedOverEpochs() {
        ModelCheckpoint callback = new ModelCheckpoint("{epoch}-{batch}").everySteps(3);
        run.begin(callback);
        for (int epoch = 0; epoch < 2; epoch++) {
            callback.onEpochBegin(run, Event.EpochBegin.of(epoch));
            for (int batch = 0; batch < 4; batch++) {
                callback.onTrainBatchEnd(run, Event.BatchEnd.of(batch, 1, Map::of));
            }
        }
        assertEquals(List.of("1-3", "2-2"), run.saved);
    }

    @Test
    void aNameThatNobodyLogsIsRefused() {
        ModelCheckpoint callback = new ModelCheckpoint("{accuracy}");
        assertThrows(IllegalArgumentException.class, () -> run.run(callback, "val_loss", 1));
        ModelCheckpoint early = new ModelCheckpoint("m").bestOnly().everySteps(1);
        assertThrows(
                IllegalArgumentException.class,
                () -> early.onTrainBegin(run, Event.TrainBegin.of(0, 1, OptionalLong.empty())));
    }
}
