package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Callbacks that decide by the numbers alone, on scripted curves: when they stop, and what rates they set. */
class EpochCallbacksTest {

    private final FakeRun run = new FakeRun();

    static Stream<Arguments> curves() {
        return Stream.of(
                stops("patience 0 stops at the first epoch that is no better", 3, of(), 3, 2, 2, 1),
                stops("epoch 0 never stops", 2, of().baseline(1), 5, 6, 7),
                stops("two epochs of patience", 6, of().patience(2), 3, 2, 2, 1.5, 1.5, 1.5, 1.5),
                stops("patience begins anew after an improvement", 7, of().patience(2), 3, 4, 2, 4, 1, 1, 1),
                stops("minDelta must be exceeded", 2, of().minDelta(0.5), 3, 2.5, 1),
                stops("a negative minDelta is as good", 2, of().minDelta(-0.5), 3, 2.5, 1),
                stops("a little more than minDelta is enough", 3, of().minDelta(0.5), 3, 2.4, 2, 1),
                stops("accuracies go up", 3, accuracy(), 0.5, 0.6, 0.6),
                stops("an accuracy that stays is no better", 3, accuracy(), 0.5, 0.6, 0.6, 0.7),
                stops("a mode beats what the metric says", 3, accuracy().mode(Callback.Mode.MIN), 0.5, 0.4, 0.4),
                stops(
                        "a baseline that nothing beats keeps counting",
                        3,
                        of().baseline(1).patience(3),
                        5,
                        4,
                        3,
                        2,
                        1.5),
                stops(
                        "a baseline ends a run that improves all the time",
                        2,
                        of().baseline(0.01).patience(2),
                        8,
                        7,
                        6,
                        5),
                stops(
                        "a baseline is to be beaten, not reached",
                        2,
                        of().baseline(1).patience(2),
                        2,
                        1,
                        0.5),
                stops(
                        "a baseline counts less by minDelta",
                        3,
                        of().baseline(1).minDelta(0.5).patience(3),
                        4,
                        3,
                        0.6,
                        0.1),
                stops(
                        "a beaten baseline resets the count",
                        6,
                        of().baseline(2.5).patience(3),
                        5,
                        4,
                        2,
                        3,
                        3,
                        3,
                        3),
                stops("the first epochs are left alone", 5, of().startFromEpoch(3), 1, 2, 3, 4, 5, 6),
                stops("NaN is no improvement", 2, of(), Double.NaN, Double.NaN, 1),
                stops("any number improves on NaN", 4, of().patience(2), Double.NaN, 5, Double.NaN, Double.NaN, 4),
                stops("a curve that falls runs to its end", 4, of(), 4, 3, 2, 1));
    }

    private static EarlyStopping of() {
        return new EarlyStopping("loss");
    }

    private static EarlyStopping accuracy() {
        return new EarlyStopping("accuracy");
    }

    private static Arguments stops(String what, int epochs, EarlyStopping callback, double... curve) {
        return Arguments.of(what, epochs, callback, curve);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("curves")
    void earlyStoppingEndsAfter(String what, int epochs, EarlyStopping callback, double[] curve) {
        String name = what.contains("ccurac") || what.contains("mode") ? "accuracy" : "loss";
        assertEquals(epochs, run.run(callback, name, curve), what);
        assertEquals(epochs, run.run(callback, name, curve), "the second run of the same callback");
    }

    @Test
    void earlyStoppingSaysWhy() {
        run.run(of().patience(1), "loss", 3, 2, 2.5);
        assertEquals(Optional.of("loss has not improved for 1 epoch: best 2.0 in epoch 2"), run.stopReason());
    }

    @Test
    void earlyStoppingSaysWhyWithABaseline() {
        run.run(of().patience(2).baseline(0.01), "loss", 3, 2, 2.5);
        assertEquals(
                Optional.of("loss has not improved on the best value and the baseline 0.01 for 2 epochs: best 2.0 in"
                        + " epoch 2"),
                run.stopReason());
    }

    @Test
    void earlyStoppingSaysThatThereWasNoNumber() {
        run.run(of().patience(2), "loss", Double.NaN, Double.NaN, Double.NaN);
        assertEquals(Optional.of("loss was no finite number in 2 epochs"), run.stopReason());
    }

    @Test
    void settersGiveTheCallbackItself() {
        EarlyStopping stopping = of();
        assertSame(stopping, stopping.mode(Callback.Mode.MIN));
        assertSame(stopping, stopping.startFromEpoch(1));
        assertSame(stopping, stopping.minDelta(1));
        assertSame(stopping, stopping.patience(1));
        assertSame(stopping, stopping.baseline(1));
        assertSame(stopping, stopping.restoreBest());
        ReduceLrOnPlateau plateau = new ReduceLrOnPlateau();
        assertSame(plateau, plateau.mode(Callback.Mode.MIN));
        assertSame(plateau, plateau.factor(0.5));
        assertSame(plateau, plateau.minLearningRate(0));
    }

    @Test
    void aModeSaysWhatAPlateauIs() {
        for (boolean up : new boolean[] {false, true}) {
            run.learningRate = 1;
            ReduceLrOnPlateau plateau = new ReduceLrOnPlateau("perplexity")
                    .mode(up ? Callback.Mode.MAX : Callback.Mode.MIN)
                    .factor(0.5)
                    .patience(1);
            assertEquals(
                    up ? List.of(1.0, 1.0, 1.0) : List.of(1.0, 1.0, 0.5),
                    rates(plateau, "perplexity", 1, 2, 3),
                    "" + up);
        }
    }

    /** A rate at its minimum is not set again, and one just above it falls to it. */
    @Test
    void aRateAtItsMinimumStaysThere() {
        ReduceLrOnPlateau plateau =
                new ReduceLrOnPlateau("loss").factor(0.5).patience(1).minLearningRate(0.25);
        run.learningRate = 0.25;
        assertEquals(List.of(0.25, 0.25, 0.25), rates(plateau, "loss", 1, 1, 1));
        assertEquals(1, run.ratesSet, "set at the beginning, to see whether that is possible, and never again");
        run.learningRate = Math.nextUp(0.25);
        assertEquals(List.of(Math.nextUp(0.25), Math.nextUp(0.25), 0.25), rates(plateau, "loss", 1, 1, 1));
        run.learningRate = 0.5;
        assertEquals(List.of(0.5, 0.5, 0.25, 0.25), rates(plateau, "loss", 1, 1, 1, 1), "exactly the minimum");
    }

    /** Runs that end where some epochs are counted already, or not to be counted yet. */
    @Test
    void aPlateauCountsAnewInAnotherRun() {
        double nan = Double.NaN;
        Map<ReduceLrOnPlateau, double[]> curves = Map.of(
                new ReduceLrOnPlateau("loss").factor(0.5).patience(4),
                new double[] {nan, nan, nan},
                new ReduceLrOnPlateau("loss").factor(0.5).patience(1).cooldown(5),
                new double[] {3, 3, 3});
        curves.forEach((plateau, curve) -> {
            List<List<Double>> runs = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                run.learningRate = 1;
                runs.add(rates(plateau, "loss", curve));
            }
            assertEquals(List.of(runs.get(0), runs.get(0)), runs.subList(1, 3));
        });
    }

    @Test
    void epochsThatDoNotMeasureAreNotCounted() {
        EarlyStopping callback = new EarlyStopping().patience(1);
        run.begin(callback);
        run.epoch(callback, 0, Map.of("val_loss", 1.0));
        for (int epoch = 1; epoch < 5; epoch++) {
            run.epoch(callback, epoch, Map.of("loss", 1.0));
        }
        assertEquals(Optional.empty(), run.stopReason());
    }

    @Test
    void aNameWithoutDirectionMustBeGivenOne() {
        run.begin(of());
        EarlyStopping unknown = new EarlyStopping("perplexity");
        IllegalArgumentException thrown =
                assertThrows(IllegalArgumentException.class, () -> run.epoch(unknown, 0, Map.of("perplexity", 1.0)));
        assertTrue(thrown.getMessage().contains("'perplexity'"), thrown.getMessage());
        assertTrue(thrown.getMessage().contains("mode(Callback.Mode.MAX)"), thrown.getMessage());
    }

    private List<Double> rates(Callback callback, String name, double... curve) {
        List<Double> rates = new ArrayList<>();
        run.begin(callback);
        for (int epoch = 0; epoch < curve.length; epoch++) {
            rates.add(run.epoch(callback, epoch, Map.of(name, curve[epoch])).get("learning_rate"));
        }
        run.end(callback);
        return rates;
    }

    @Test
    void aPlateauLowersTheRateAndTheLogsShowTheRateOfTheEpoch() {
        run.learningRate = 1;
        ReduceLrOnPlateau plateau = new ReduceLrOnPlateau("loss").factor(0.5).patience(2);
        assertEquals(List.of(1.0, 1.0, 1.0, 0.5, 0.5, 0.25), rates(plateau, "loss", 3, 3, 3, 3, 3, 3));
    }

    @Test
    void aRateFallsByATenthAfterTenEpochsUnlessToldOtherwise() {
        run.learningRate = 1;
        double[] flat = new double[12];
        List<Double> rates = rates(new ReduceLrOnPlateau("loss"), "loss", flat);
        assertEquals(1, rates.get(10));
        assertEquals(0.1, rates.get(11));
        double[] slow = new double[12];
        Arrays.setAll(slow, epoch -> -0.9e-5 * epoch); // Less than minDelta in ten epochs.
        run.learningRate = 1;
        assertEquals(0.1, rates(new ReduceLrOnPlateau("loss"), "loss", slow).get(11));
    }

    @Test
    void epochsOfCooldownAreNotCounted() {
        run.learningRate = 1;
        ReduceLrOnPlateau plateau =
                new ReduceLrOnPlateau("loss").factor(0.5).patience(1).cooldown(2);
        // Epoch 1 reduces; epoch 2 cools; epoch 3 ends the cooldown and counts, as in Keras.
        assertEquals(List.of(1.0, 1.0, 0.5, 0.5, 0.25), rates(plateau, "loss", 3, 3, 3, 3, 3));
    }

    @Test
    void theRateStaysAboveItsMinimum() {
        run.learningRate = 1;
        ReduceLrOnPlateau plateau =
                new ReduceLrOnPlateau("accuracy").factor(0.1).patience(1).minLearningRate(0.05);
        assertEquals(List.of(1.0, 1.0, 0.1, 0.05, 0.05), rates(plateau, "accuracy", 0.5, 0.4, 0.5, 0.5, 0.5));
    }

    @Test
    void aSchedulerIsGivenEpochAndRate() {
        run.learningRate = 8;
        LearningRateScheduler halves = new LearningRateScheduler((epoch, rate) -> epoch == 0 ? rate : rate / 2);
        assertEquals(List.of(8.0, 4.0, 2.0), rates(halves, "loss", 1, 1, 1));
    }

    @Test
    void aTimerStopsAtTheEndOfTheBatchInWhichTheTimeRunsOut() {
        Timer timer = new Timer(Duration.ofMillis(1500));
        run.begin(timer);
        run.seconds = 1.499_999_999;
        timer.onTrainBatchEnd(run, Event.BatchEnd.of(0, 1, Map::of));
        assertEquals(Optional.empty(), run.stopReason());
        run.seconds = 1.5;
        timer.onTrainBatchEnd(run, Event.BatchEnd.of(1, 1, Map::of));
        assertEquals(Optional.of("the time of 1.5 s is over"), run.stopReason());
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake("patience of at least 0, got -1", () -> of().patience(-1)),
                mistake("startFromEpoch of at least 0, got -2", () -> of().startFromEpoch(-2)),
                mistake("baseline to beat, got NaN", () -> of().baseline(Double.NaN)),
                mistake("Expected a finite minDelta, got NaN", () -> of().minDelta(Double.NaN)),
                mistake("factor in (0, 1), got 1.0", () -> new ReduceLrOnPlateau().factor(1)),
                mistake("factor in (0, 1), got 0.0", () -> new ReduceLrOnPlateau().factor(0)),
                mistake("patience of at least 0, got -1", () -> new ReduceLrOnPlateau().patience(-1)),
                mistake("cooldown of at least 0, got -1", () -> new ReduceLrOnPlateau().cooldown(-1)),
                mistake("minLearningRate of at least 0, got -0.1", () -> new ReduceLrOnPlateau().minLearningRate(-0.1)),
                mistake("limit above 0, got PT0S", () -> new Timer(Duration.ZERO)),
                mistake("from above 0, got 0.0", () -> new LearningRateFinder(0, 1, 10)),
                mistake("to above from = 1.0, got 1.0", () -> new LearningRateFinder(1, 1, 10)),
                mistake("batches of at least 3, got 2", () -> new LearningRateFinder(0.1, 1, 2)));
    }

    private static Arguments mistake(String message, Executable call) {
        return Arguments.of(message, call);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void badOptionsAreNamedWithTheirRange(String message, Executable call) {
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call);
        assertTrue(thrown.getMessage().contains(message), thrown.getMessage());
    }
}
