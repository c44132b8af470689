package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loop.CallbackList;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Sgd;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What events promise: values that can be kept, and logs of a batch only while it is told. */
class EventTest {

    private final Run run = new FakeRun();

    static Stream<Class<?>> events() {
        return Stream.of(Event.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("events")
    void anEventCanGrow(Class<?> event) {
        assertTrue(Modifier.isFinal(event.getModifiers()));
        assertFalse(event.isRecord());
        assertEquals(0, event.getConstructors().length, "the loop makes events, or a test by of(…)");
    }

    @Test
    void eventsAreEqualByTheirValues() {
        assertEquals(Event.EpochBegin.of(1), Event.EpochBegin.of(1));
        assertNotEquals(Event.EpochBegin.of(1), Event.EpochBegin.of(2));
        assertNotEquals(Event.EpochBegin.of(1), Event.BatchBegin.of(1));
        assertEquals(Event.TestBegin.of(), Event.TestBegin.of());
        assertEquals(
                Event.TrainBegin.of(0, 1, OptionalLong.of(2)).hashCode(),
                Event.TrainBegin.of(0, 1, OptionalLong.of(2)).hashCode());
        assertEquals(
                "EpochEnd[epoch=0, logs={loss=1.0}, steps=2, examples=3, epochSeconds=4.0, trainSeconds=5.0]",
                Event.EpochEnd.of(0, Map.of("loss", 1.0), 2, 3, 4, 5).toString());
        assertEquals("TestBegin[]", Event.TestBegin.of().toString());
    }

    @Test
    void logsAreCopied() {
        Map<String, Double> logs = new HashMap<>(Map.of("loss", 1.0));
        Event.TestEnd end = Event.TestEnd.of(logs);
        Event.TrainEnd trained = Event.TrainEnd.of(logs, Optional.empty(), Optional.empty());
        logs.clear();
        assertEquals(Map.of("loss", 1.0), end.logs());
        assertEquals(Map.of("loss", 1.0), trained.logs());
    }

    @Test
    void theLogsOfABatchAreReadOnceHoweverManyAsk() {
        int[] reads = {0};
        List<Map<String, Double>> seen = new ArrayList<>();
        Callback asking = Callback.trainBatchEnd((r, event) -> seen.add(event.logs()));
        new CallbackList(List.of(asking, asking), () -> false).onTrainBatchEnd(run, Event.BatchEnd.of(0, 1, () -> {
            reads[0]++;
            return Map.of("loss", 1.0);
        }));
        assertEquals(List.of(Map.of("loss", 1.0), Map.of("loss", 1.0)), seen);
        assertEquals(1, reads[0]);
    }

    @Test
    void aKeptBatchHasTheLogsThatWereAskedForAndNoOthers() {
        double[] metric = {1};
        List<Event.BatchEnd> kept = new ArrayList<>();
        CallbackList callbacks = new CallbackList(
                List.of(new Callback() {
                    @Override
                    public void onTrainBatchEnd(Run r, Event.BatchEnd event) {
                        kept.add(event);
                        if (event.batch() == 0) {
                            event.logs();
                        }
                    }

                    @Override
                    public void onTestBatchEnd(Run r, Event.BatchEnd event) {
                        kept.add(event);
                    }
                }),
                () -> false);
        callbacks.onTrainBatchEnd(run, Event.BatchEnd.of(0, 1, () -> Map.of("loss", metric[0])));
        callbacks.onTrainBatchEnd(run, Event.BatchEnd.of(1, 1, () -> Map.of("loss", metric[0])));
        callbacks.onTestBatchEnd(run, Event.BatchEnd.of(2, 1, () -> Map.of("loss", metric[0])));
        metric[0] = 100;
        assertEquals(Map.of("loss", 1.0), kept.get(0).logs());
        for (int i = 1; i < 3; i++) {
            IllegalStateException error = assertThrows(IllegalStateException.class, kept.get(i)::logs);
            assertTrue(error.getMessage().contains("batch " + i), error.getMessage());
        }
    }

    @Test
    void aListInAListDoesNotEndTheEventOfTheOuterOne() {
        List<Map<String, Double>> seen = new ArrayList<>();
        CallbackList inner = new CallbackList(List.of(Callback.trainBatchEnd((r, event) -> {})), () -> false);
        Callback asking = Callback.trainBatchEnd((r, event) -> seen.add(event.logs()));
        new CallbackList(List.of(inner, asking), () -> false)
                .onTrainBatchEnd(run, Event.BatchEnd.of(0, 1, () -> Map.of("loss", 1.0)));
        assertEquals(List.of(Map.of("loss", 1.0)), seen);
    }

    @Test
    void aBatchOfTrainingThatWasKeptDoesNotShowTheMetricsOfTheValidation() {
        Event.BatchEnd[] kept = {null, null};
        Callback keeping = new Callback() {
            @Override
            public void onTrainBatchEnd(Run r, Event.BatchEnd event) {
                kept[(int) event.batch()] = event;
                if (event.batch() == 0) {
                    event.logs();
                }
            }

            @Override
            public void onEpochEnd(Run r, Event.EpochEnd event) {
                assertEquals(1, kept[0].logs().get("mean_absolute_error"));
                assertThrows(IllegalStateException.class, kept[1]::logs);
            }
        };
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1).kernel(w -> w.initializer(Initializer.zeros()))))
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0))
                .metrics(Metric.of(new MeanAbsoluteError()))
                .build()) {
            trainer.fit(
                    Dataset.of(new float[][] {{1}, {1}}, new float[][] {{1}, {1}})
                            .batch(1),
                    Fit.epochs(1)
                            .validation(Dataset.of(new float[][] {{1}}, new float[][] {{100}})
                                    .batch(1))
                            .callbacks(keeping));
        }
    }
}
