package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.LearningRateFinder;
import io.github.tapeloop.callback.LearningRateScheduler;
import io.github.tapeloop.callback.ReduceLrOnPlateau;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.callback.TerminateOnNaN;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.warning.Warnings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Callbacks in real runs: what flows back into the model, and that nothing native is left behind. */
class CallbacksInFitTest {

    private final Batches data = Problems.batches(30, 10);

    private static Trainer trainer(boolean compiled) {
        TrainerBuilder builder =
                Problems.trainerOf(Problems.network()).threads(1, 1).seed(5);
        return compiled ? builder.compiled().build() : builder.build();
    }

    private static Map<String, double[]> weights(Trainer trainer) {
        Map<String, double[]> weights = new HashMap<>();
        TapeSession session = trainer.session();
        try (TensorScope scope = session.scope()) {
            trainer.model()
                    .variables()
                    .forEach(v -> weights.put(v.name(), FiniteDifferences.values(session, v.read(session.tf()))));
        }
        return weights;
    }

    private static void assertSameWeights(Map<String, double[]> expected, Map<String, double[]> actual) {
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
    }

    /** Spoils the model after an epoch by a learning rate that is far too high. */
    private static Callback spoilAfter(int epoch) {
        return new LearningRateScheduler((now, rate) -> now <= epoch ? rate : 50);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theBestWeightsAreThoseOfTheBestEpoch(boolean compiled) {
        try (Trainer trainer = trainer(compiled)) {
            List<Map<String, double[]>> perEpoch = new ArrayList<>();
            History history = trainer.fit(
                    data,
                    Fit.epochs(9)
                            .callbacks(
                                    spoilAfter(2),
                                    new EarlyStopping("loss").patience(2).restoreBest(),
                                    Callback.epochEnd((run, event) -> perEpoch.add(weights(trainer)))));
            assertEquals(5, history.epochs().size());
            assertSameWeights(perEpoch.get(2), weights(trainer));
            assertNotEquals(
                    perEpoch.get(4).get("sequential/dense/kernel")[0],
                    perEpoch.get(2).get("sequential/dense/kernel")[0]);
            assertEquals(List.of(0.01, 0.01, 0.01, 50.0, 50.0), history.values("learning_rate"));
        }
    }

    @Test
    void theBestWeightsComeBackAfterAFailureTooAndAreFreed() {
        try (Trainer trainer = trainer(false)) {
            trainer.fit(data, Fit.epochs(1));
            int before = trainer.session().liveHandles();
            Map<String, double[]> best = new HashMap<>();
            Callback failing = Callback.epochEnd((run, event) -> {
                if (event.epoch() == 0) {
                    best.putAll(weights(trainer));
                } else if (event.epoch() == 2) {
                    throw new IllegalStateException("disk full");
                }
            });
            assertThrows(
                    CallbackException.class,
                    () -> trainer.fit(
                            data,
                            Fit.epochs(5)
                                    .callbacks(
                                            spoilAfter(0),
                                            new EarlyStopping("loss")
                                                    .patience(9)
                                                    .restoreBest(),
                                            failing)));
            assertSameWeights(best, weights(trainer));
            assertEquals(before, trainer.session().liveHandles(), () -> trainer.session()
                    .leakReport()
                    .toString());
        }
    }

    @Test
    void theHistoryAndLaterCallbacksSeeWhatACallbackAddsToTheLogs() {
        List<Double> seen = new ArrayList<>();
        try (Trainer trainer = trainer(false)) {
            History history = trainer.fit(
                    data,
                    Fit.epochs(3)
                            .callbacks(
                                    Callback.epochEnd((run, event) ->
                                            seen.add(event.logs().get("learning_rate"))),
                                    new ReduceLrOnPlateau("accuracy")
                                            .minDelta(1)
                                            .patience(1)
                                            .factor(0.5)));
            assertEquals(List.of(0.01, 0.01, 0.005), history.values("learning_rate"));
            assertEquals(history.values("learning_rate"), seen);
        }
    }

    @Test
    void aLossThatBecomesNanStopsTheRun() {
        try (Trainer trainer = trainer(false)) {
            History history = trainer.fit(
                    data, Fit.epochs(200).callbacks(new LearningRateScheduler((e, r) -> 1e30), new TerminateOnNaN()));
            assertTrue(history.stopReason().orElseThrow().contains("not finite"), history::toString);
            assertEquals(1, history.nonFiniteSteps());
            assertTrue(history.epochs().size() < 200);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theFinderLeavesTheTrainerAsItWas(boolean compiled) {
        LearningRateFinder finder = new LearningRateFinder(1e-5, 1, 40);
        try (Trainer used = trainer(compiled);
                Trainer fresh = trainer(compiled)) {
            History trial = used.fit(data, Fit.epochs(50).callbacks(finder));
            assertEquals(Optional.of("all learning rates were tried"), trial.stopReason());
            assertEquals(40, finder.trials().size());
            assertEquals(1e-5, finder.trials().get(0).learningRate(), 1e-12);
            assertEquals(1, finder.trials().get(39).learningRate(), 1e-12);
            History after = used.fit(data.take(3), Fit.epochs(3));
            History expected = fresh.fit(data.take(3), Fit.epochs(3));
            assertEquals(expected.values("loss"), after.values("loss"));
            assertTrue(finder.suggestion() > 1e-4 && finder.suggestion() < 1, "suggested " + finder.suggestion());
            assertEquals(
                    "LearningRateFinder: learning rate " + finder.suggestion() + " by 40 trials from 1.0E-5 to "
                            + finder.trials().get(39).learningRate(),
                    finder.toString());
            int handles = used.session().liveHandles();
            used.fit(data, Fit.epochs(1).callbacks(finder));
            assertEquals(handles, used.session().liveHandles());
        }
    }

    @Test
    void theFinderRecordsTheLossOfEachBatchAlone() {
        LearningRateFinder finder = new LearningRateFinder(1e-12, 2e-12, 6); // Too small to change anything.
        List<Double> alone = new ArrayList<>();
        try (Trainer trainer = trainer(false)) {
            trainer.fit(Problems.batches(25, 10), Fit.epochs(2).callbacks(finder));
            for (int epoch = 0; epoch < 2; epoch++) {
                Problems.batches(25, 10)
                        .forEach(batch -> alone.add(trainer.testOnBatch(batch).get("loss")));
            }
        }
        for (int i = 0; i < 6; i++) {
            assertEquals(alone.get(i), finder.trials().get(i).loss(), 1e-6);
        }
    }

    @Test
    void aFinderThatRunsIntoInfinityStopsAndStillPutsTheModelBack() {
        LearningRateFinder finder = new LearningRateFinder(1, 1e30, 100);
        try (Trainer trainer = trainer(false)) {
            trainer.fit(data, Fit.epochs(1));
            Map<String, double[]> before = weights(trainer);
            History history = trainer.fit(data, Fit.epochs(100).callbacks(finder));
            assertTrue(history.stopReason().orElseThrow().contains("without bound"), history::toString);
            assertTrue(finder.trials().size() < 100);
            assertSameWeights(before, weights(trainer));
        }
        LearningRateFinder unused = new LearningRateFinder();
        assertTrue(assertThrows(IllegalStateException.class, unused::suggestion)
                .getMessage()
                .contains("there are 0"));
    }

    @Test
    void aRunKnowsDirectionsAndSteps() {
        List<Object> known = new ArrayList<>();
        Callback asks = Callback.epochEnd((Run run, Object event) -> {
            known.add(run.higherIsBetter("loss"));
            known.add(run.higherIsBetter("val_loss"));
            known.add(run.higherIsBetter("val_accuracy"));
            known.add(run.higherIsBetter("learning_rate"));
            known.add(run.steps());
        });
        try (Trainer trainer = trainer(false)) {
            trainer.fit(data, Fit.epochs(1));
            trainer.fit(data, Fit.epochs(1).callbacks(asks));
        }
        assertEquals(List.of(Optional.of(false), Optional.of(false), Optional.of(true), Optional.empty(), 6L), known);
    }

    @Test
    void aWarningAtTheEndOfTheLastEpochIsHeard() {
        List<String> heard = new ArrayList<>();
        Callback warning = new Callback() {
            @Override
            public void onEpochEnd(Run run, Event.EpochEnd event) {
                Warnings.warn(CallbacksInFitTest.class, "late");
            }

            @Override
            public void onWarning(Run run, Event.Warning event) {
                heard.add(event.text());
            }

            @Override
            public void onTrainEnd(Run run, Event.TrainEnd event) {
                heard.add("end");
            }
        };
        try (Trainer trainer = Problems.trainer()) {
            trainer.fit(Problems.batches(8, 4), Fit.epochs(1).callbacks(warning));
        }
        assertEquals(List.of("late", "end"), heard);
    }
}
