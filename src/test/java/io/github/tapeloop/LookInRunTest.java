package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.testing.RecordingCallback;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Evaluations and predictions of callbacks: wherever they are made, the run is the one that it would be without them. */
class LookInRunTest {

    private static final Batches OTHER = Problems.batches(21, 6);

    /** Where in the three epochs of seven batches something is looked at. */
    private static final List<String> PLACES = List.of(
            "trainBegin",
            "epochBegin 0",
            "trainBatchBegin 0.0",
            "trainBatchEnd 0.0",
            "trainBatchEnd 0.6",
            "testBegin 0",
            "testBatchBegin 0.1",
            "testBatchEnd 0.0",
            "testEnd 0",
            "epochLogs 0",
            "epochEnd 0",
            "epochBegin 1",
            "trainBatchBegin 1.4",
            "trainBatchEnd 1.3",
            "epochEnd 2",
            "trainEnd");

    /** What a run has left: all that was logged, the batches included, and the state of its trainer. */
    private record Left(
            List<Map<String, Double>> epochs, List<Map<String, Double>> batches, Map<String, Object> state) {}

    /** Reads the logs of each batch, after the callbacks before it. */
    private static final class Logs implements Callback {
        private final List<Map<String, Double>> all = new ArrayList<>();

        @Override
        public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
            all.add(event.logs());
        }

        @Override
        public void onTestBatchEnd(Run run, Event.BatchEnd event) {
            all.add(event.logs());
        }
    }

    /** Does something at some places of a run. */
    private static final class Looking implements Callback {
        private final List<String> places;
        private final Runnable look;
        private int epoch;
        private int looks;

        Looking(List<String> places, Runnable look) {
            this.places = places;
            this.look = look;
        }

        private void at(String place) {
            if (places.contains(place)) {
                looks++;
                look.run();
            }
        }

        @Override
        public void onTrainBegin(Run run, Event.TrainBegin event) {
            at("trainBegin");
        }

        @Override
        public void onTrainEnd(Run run, Event.TrainEnd event) {
            at("trainEnd");
        }

        @Override
        public void onEpochBegin(Run run, Event.EpochBegin event) {
            epoch = event.epoch();
            at("epochBegin " + epoch);
        }

        @Override
        public Map<String, Double> epochLogs(Run run, int number) {
            at("epochLogs " + number);
            return Map.of();
        }

        @Override
        public void onEpochEnd(Run run, Event.EpochEnd event) {
            at("epochEnd " + epoch);
        }

        @Override
        public void onTrainBatchBegin(Run run, Event.BatchBegin event) {
            at("trainBatchBegin " + epoch + "." + event.batch());
        }

        @Override
        public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
            at("trainBatchEnd " + epoch + "." + event.batch());
        }

        @Override
        public void onTestBegin(Run run, Event.TestBegin event) {
            at("testBegin " + epoch);
        }

        @Override
        public void onTestEnd(Run run, Event.TestEnd event) {
            at("testEnd " + epoch);
        }

        @Override
        public void onTestBatchBegin(Run run, Event.BatchBegin event) {
            at("testBatchBegin " + epoch + "." + event.batch());
        }

        @Override
        public void onTestBatchEnd(Run run, Event.BatchEnd event) {
            at("testBatchEnd " + epoch + "." + event.batch());
        }
    }

    private static void lookAtAll(Trainer trainer) {
        trainer.evaluate(OTHER);
        trainer.predict(OTHER);
        try (BatchIterator batches = OTHER.open(0, 0)) {
            Batch batch = batches.next();
            trainer.testOnBatch(batch);
        }
    }

    private static Left train(RunKind kind, Mode mode, List<String> places, Consumer<Trainer> look) {
        Logs logs = new Logs();
        try (Trainer trainer = kind.trainer(mode)) {
            Looking looking = new Looking(places, () -> look.accept(trainer));
            History history = trainer.fit(RunKind.TRAIN, kind.fit().callbacks(looking, logs));
            assertEquals(places.size(), looking.looks);
            return new Left(
                    history.epochs().stream().map(Event.EpochEnd::logs).toList(), logs.all, Everything.of(trainer));
        }
    }

    private static void assertSame(Left expected, Left actual, String what) {
        assertEquals(expected.epochs(), actual.epochs(), what);
        assertEquals(expected.batches(), actual.batches(), what);
        assertEquals(expected.state().keySet(), actual.state().keySet(), what);
        expected.state()
                .forEach((path, value) -> assertEquals(value, actual.state().get(path), what + " " + path));
    }

    @ParameterizedTest
    @EnumSource
    void aRunWithLooksEverywhereIsTheOneWithout(RunKind kind) {
        for (Mode mode : Mode.values()) {
            Left without = train(kind, mode, List.of(), trainer -> {});
            List<String> places = mode == Mode.LOOP
                    ? PLACES.stream()
                            .map(place -> place.replace("trainBatchEnd 0.0", "trainBatchEnd 0.3"))
                            .toList() // Four steps in a call.
                    : PLACES;
            assertSame(without, train(kind, mode, places, LookInRunTest::lookAtAll), kind + " " + mode);
        }
    }

    @Test
    void eachPlaceAlone() {
        for (RunKind kind : List.of(RunKind.SCHEDULE_FREE, RunKind.AVERAGES_IN_PLACE)) {
            Left without = train(kind, Mode.CACHED, List.of(), trainer -> {});
            for (String place : PLACES) {
                assertSame(without, train(kind, Mode.CACHED, List.of(place), LookInRunTest::lookAtAll), place);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLookAtAnEpochsEndSeesWhatOneAfterARunSees(Mode mode) {
        for (RunKind kind : List.of(RunKind.ADAM, RunKind.SCHEDULE_FREE)) {
            List<Map<String, Double>> inside = new ArrayList<>();
            train(kind, mode, List.of("epochEnd 2"), trainer -> inside.add(trainer.evaluate(OTHER)));
            try (Trainer trainer = kind.trainer(mode)) {
                trainer.fit(RunKind.TRAIN, kind.fit());
                assertEquals(List.of(trainer.evaluate(OTHER)), inside, kind + " " + mode);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingOfALookStays(Mode mode) {
        try (Trainer trainer = RunKind.SCHEDULE_FREE.trainer(mode)) {
            List<Integer> live = new ArrayList<>();
            Callback looking = Callback.trainBatchEnd((run, event) -> {
                lookAtAll(trainer);
                live.add(trainer.session().liveHandles());
            });
            trainer.fit(RunKind.TRAIN, Fit.epochs(4).callbacks(looking));
            List<Integer> later = live.subList(live.size() / 2, live.size());
            assertEquals(1, Map.copyOf(counts(later)).size(), live::toString);
        }
    }

    private static Map<Integer, Integer> counts(List<Integer> numbers) {
        Map<Integer, Integer> counts = new LinkedHashMap<>();
        numbers.forEach(number -> counts.merge(number, 1, Integer::sum));
        return counts;
    }

    @ParameterizedTest
    @ValueSource(strings = {"fit", "trainOnBatch", "preflight", "fitAsync"})
    void whatWouldChangeTheRunIsRefusedInACallback(String call) {
        try (Trainer trainer = Problems.trainer();
                BatchIterator batches = OTHER.open(0, 0)) {
            Batch batch = batches.next();
            Callback calling = Callback.epochEnd((run, event) -> {
                switch (call) {
                    case "fit" -> trainer.fit(OTHER, Fit.epochs(1));
                    case "fitAsync" -> trainer.fitAsync(OTHER, Fit.epochs(1)).close();
                    case "trainOnBatch" -> trainer.trainOnBatch(batch);
                    default -> trainer.preflight(batch);
                }
            });
            CallbackException thrown = assertThrows(
                    CallbackException.class,
                    () -> trainer.fit(OTHER, Fit.epochs(1).callbacks(calling)));
            assertInstanceOf(IllegalStateException.class, thrown.getCause());
            assertTrue(thrown.getMessage().contains("in the middle of a call, and " + call), thrown.getMessage());
            assertEquals(1, trainer.fit(OTHER, Fit.epochs(1)).epochs().size());
        }
    }

    @Test
    void aLookInTheMiddleOfAStepIsRefused() {
        Trainer[] self = new Trainer[1];
        boolean[] look = new boolean[1];
        List<String> refused = new ArrayList<>();
        Batches looking = Problems.clusters(12)
                .peek(example -> {
                    if (look[0]) {
                        try {
                            self[0].predict(OTHER);
                        } catch (IllegalStateException e) {
                            refused.add(e.getMessage());
                        }
                    }
                })
                .batch(4);
        try (Trainer trainer = Problems.trainer()) {
            self[0] = trainer;
            look[0] = true;
            trainer.evaluate(looking);
            trainer.fit(looking, Fit.epochs(1));
            assertEquals(24, refused.size());
            refused.forEach(text -> assertTrue(text.contains("predict cannot begin inside"), text));
            refused.clear();
            trainer.fit(OTHER, Fit.epochs(1).callbacks(Callback.epochEnd((run, event) -> trainer.evaluate(looking))));
            assertEquals(12, refused.size(), "in the data of an evaluation of a callback");
        }
    }

    @Test
    void aLookThatFailsIsPutBackAsWell() {
        Left without = train(RunKind.SCHEDULE_FREE, Mode.CACHED, List.of(), trainer -> {});
        Batches broken = Problems.clusters(12)
                .peek(example -> {
                    if (example == 7) {
                        throw new IllegalStateException("cable pulled");
                    }
                })
                .batch(4);
        Left with = train(
                RunKind.SCHEDULE_FREE,
                Mode.CACHED,
                PLACES,
                trainer -> assertThrows(RuntimeException.class, () -> trainer.evaluate(broken)));
        assertSame(without, with, "after a failure");
    }

    @Test
    void anInterruptInALookEndsTheRunForThatReason() {
        try (Trainer trainer = Problems.trainer()) {
            Callback looking = Callback.epochEnd((run, event) -> trainer.evaluate(Problems.clusters(40)
                    .peek(example -> Thread.currentThread().interrupt())
                    .batch(1)));
            RecordingCallback later = new RecordingCallback();
            History history = trainer.fit(OTHER, Fit.epochs(3).callbacks(looking, later));
            assertTrue(Thread.interrupted(), "the flag stays set");
            assertEquals(Optional.of("interrupted"), history.stopReason());
            assertEquals(1, history.epochs().size());
            assertEquals(
                    List.of("epochEnd 0 accuracy,loss 21 examples", "trainEnd accuracy,loss stopped: interrupted"),
                    later.lines()
                            .subList(later.lines().size() - 2, later.lines().size()));
        }
    }

    @Test
    void aCloseInALookEndsTheRunForThatReason() {
        try (Trainer trainer = Problems.trainer()) {
            Callback looking = Callback.epochEnd((run, event) -> trainer.predict(
                    Problems.clusters(40).peek(example -> trainer.close()).batch(1)));
            History history = trainer.fit(OTHER, Fit.epochs(3).callbacks(looking));
            assertEquals(Optional.of("closed"), history.stopReason());
            assertTrue(trainer.session().isClosed());
        }
    }

    @Test
    void anotherTrainersInterruptedLookIsAFailureOfTheCallback() {
        try (Trainer trainer = Problems.trainer();
                Trainer other = Problems.trainer()) {
            Callback looking = Callback.epochEnd((run, event) -> other.predict(
                    Problems.clusters(40).peek(example -> other.close()).batch(1)));
            CallbackException thrown = assertThrows(
                    CallbackException.class,
                    () -> trainer.fit(OTHER, Fit.epochs(3).callbacks(looking)));
            assertTrue(thrown.getMessage().contains("closed"), thrown.getMessage());
        }
    }
}
