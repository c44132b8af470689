package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.LearningRateFinder;
import io.github.tapeloop.callback.LearningRateScheduler;
import io.github.tapeloop.callback.ReduceLrOnPlateau;
import io.github.tapeloop.callback.SwapEmaWeights;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a run goes back to is all of what it was: the best weights those that were measured, and a search leaves no trace. */
class RestoreTest {

    private static final Batches ONE = Dataset.of(column(1), column(0)).batch(1);

    private static float[][] column(double... values) {
        float[][] rows = new float[values.length][1];
        for (int i = 0; i < values.length; i++) {
            rows[i][0] = (float) values[i];
        }
        return rows;
    }

    private static Batches filled(int examples, int batch) {
        double[] x = new double[examples];
        Arrays.fill(x, 1);
        return Dataset.of(column(x), column(new double[examples])).batch(batch);
    }

    /** y = w x, w = 1 at first. */
    private static Model line() {
        return Sequential.of(new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.ones())));
    }

    /** Its gradient by w is the mean of x. */
    private static Loss slope() {
        return (tf, target, y) -> tf.math.mean(tf.reshape(y, tf.constant(new int[] {-1})), tf.constant(0));
    }

    private static double weight(Trainer trainer) {
        return trainer.model().variables().iterator().next().toDoubles()[0];
    }

    private static TrainerBuilder trainer(Loss loss, Optimizer optimizer) {
        return Trainer.of(line()).loss(loss).optimizer(optimizer).threads(1, 1);
    }

    @ParameterizedTest
    @EnumSource
    void theBestWeightsAreTheAveragesThatWereMeasured(Way way) {
        Batches validation = Dataset.of(column(1), column(0.85)).batch(1);
        String measured = "val_mean_squared_error";
        for (boolean onEpoch : new boolean[] {false, true}) {
            for (boolean first : new boolean[] {false, true}) {
                Optimizer sgd = new Sgd(0.1).with(MovingAverage.of(0.5));
                Callback swap = new SwapEmaWeights().swapOnEpoch(onEpoch);
                Callback best = new EarlyStopping(measured).patience(10).restoreBest();
                try (Trainer trainer = way.of(trainer(slope(), sgd).metrics(Metric.of(new MeanSquaredError())))
                        .build()) {
                    History history = trainer.fit(
                            ONE,
                            Fit.epochs(4).validation(validation).callbacks(first ? best : swap, first ? swap : best));
                    assertEquals(0, Collections.min(history.values(measured)), 1e-12);
                    assertEquals(0.85, weight(trainer), 1e-6);
                    assertEquals(0, trainer.evaluate(validation).get("mean_squared_error"), 1e-12);
                }
            }
        }
    }

    @Test
    void theBestWeightsAreTheRawOnesIfThoseWereMeasured() {
        Optimizer sgd = new Sgd(0.1).with(MovingAverage.of(0.5));
        Batches validation = Dataset.of(column(1), column(0.8)).batch(1);
        try (Trainer trainer = trainer(new MeanSquaredError(), sgd).build()) {
            History history = trainer.fit(
                    ONE,
                    Fit.epochs(4)
                            .validation(validation)
                            .callbacks(new EarlyStopping().patience(9).restoreBest()));
            assertEquals(
                    Collections.min(history.values("val_loss")),
                    trainer.evaluate(validation).get("loss"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whereNothingWasMeasuredTheRunEndsWithTheAveragesOfTheBestEpoch(Way way) {
        Optimizer sgd = new Sgd(0.1).with(MovingAverage.of(0.5));
        try (Trainer trainer = way.of(trainer(slope(), sgd)).build()) {
            trainer.fit(ONE, Fit.epochs(4).callbacks(new EarlyStopping("loss").restoreBest()));
            assertEquals(0.6875, weight(trainer), 1e-6);
        }
    }

    /** There is nothing to go back to: the epochs of a run were all too early to count. */
    @Test
    void aRunThatEndsBeforeTheFirstEpochThatCountsKeepsItsWeights() {
        List<Double> ends = new ArrayList<>();
        for (Callback callback : List.of(
                new Callback() {}, new EarlyStopping("loss").startFromEpoch(5).restoreBest())) {
            try (Trainer trainer = trainer(slope(), new Sgd(0.1)).build()) {
                trainer.fit(ONE, Fit.epochs(2).callbacks(callback));
                ends.add(weight(trainer));
            }
        }
        assertEquals(ends.get(0), ends.get(1));
    }

    static Stream<Arguments> averaging() {
        return Stream.of(
                Arguments.of("averages", (Supplier<Optimizer>) () -> new Sgd(0.9).with(MovingAverage.of(0.5))),
                Arguments.of("z", (Supplier<Optimizer>) () -> new ScheduleFreeAdamW(0.3)),
                Arguments.of("accumulated", (Supplier<Optimizer>)
                        () -> new Sgd(0.9).with(MovingAverage.of(0.5), GradientAccumulation.of(2))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("averaging")
    void theBestValueIsTheValueAfterTheRun(String name, Supplier<Optimizer> make) {
        Batches three = Dataset.of(column(1, 2, -1), column(0.5, 1, 0)).batch(1);
        for (boolean swaps : new boolean[] {false, true}) {
            Optimizer optimizer = make.get();
            if (swaps && !optimizer.hasAverages()) {
                continue;
            }
            Callback best = new EarlyStopping().patience(9).restoreBest();
            Fit fit = Fit.epochs(5).validation(three).callbacks(best);
            try (Trainer trainer = trainer(new MeanSquaredError(), optimizer).build()) {
                History history = trainer.fit(three, swaps ? fit.callbacks(new SwapEmaWeights()) : fit);
                assertEquals(
                        Collections.min(history.values("val_loss")),
                        trainer.evaluate(three).get("loss"));
            }
        }
    }

    /** Training goes on from one epoch's weights, and not from those of one with the z of another. */
    @Test
    void aScheduleFreeOptimizerGoesOnFromTheBestEpoch() {
        Callback spoils = new LearningRateScheduler((epoch, rate) -> epoch == 0 ? rate : 20);
        try (Trainer trainer = trainer(new MeanSquaredError(), new ScheduleFreeAdamW(0.1))
                        .build();
                Trainer once = trainer(new MeanSquaredError(), new ScheduleFreeAdamW(0.1))
                        .build()) {
            once.fit(ONE, Fit.epochs(1).validation(ONE));
            double next = once.fit(ONE, Fit.epochs(1)).last("loss");
            trainer.fit(
                    ONE,
                    Fit.epochs(2)
                            .validation(ONE)
                            .callbacks(spoils, new EarlyStopping().patience(9).restoreBest()));
            assertEquals(next, trainer.fit(ONE, Fit.epochs(1)).last("loss"), 1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRunWithoutAFiniteValueGivesEverythingBack(Way way) {
        Batches bad = Dataset.of(column(Double.NaN), column(0)).batch(1);
        try (Trainer trainer =
                        way.of(trainer(new MeanSquaredError(), new Adam(0.1))).build();
                Trainer other =
                        way.of(trainer(new MeanSquaredError(), new Adam(0.1))).build()) {
            trainer.fit(ONE, Fit.epochs(1));
            other.fit(ONE, Fit.epochs(1));
            History history = trainer.fit(
                    bad,
                    Fit.epochs(5)
                            .callbacks(new EarlyStopping("loss").patience(2).restoreBest()));
            assertEquals(
                    "loss was no finite number in 2 epochs",
                    history.stopReason().orElseThrow());
            assertEquals(weight(other), weight(trainer));
            assertEquals(
                    other.fit(ONE, Fit.epochs(2)).values("loss"),
                    trainer.fit(ONE, Fit.epochs(2)).values("loss"));
        }
    }

    @Test
    void eachBestEpochFreesTheOneBefore() {
        try (Trainer trainer =
                trainer(slope(), new Sgd(0.1).with(MovingAverage.of(0.5))).build()) {
            trainer.fit(ONE, Fit.epochs(1));
            List<Integer> live = new ArrayList<>();
            Callback note =
                    Callback.epochEnd((run, event) -> live.add(trainer.session().liveHandles()));
            int before = trainer.session().liveHandles();
            trainer.fit(ONE, Fit.epochs(6).callbacks(new EarlyStopping("loss").restoreBest(), note));
            assertEquals(1, live.subList(1, 6).stream().distinct().count(), live::toString);
            assertEquals(before, trainer.session().liveHandles());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aSearchForALearningRateLeavesNoTrace(Way way) {
        Batches data =
                Dataset.of(column(1, 2, 3, 4), column(1, 2, 3, 4)).shuffle(4).batch(2);
        List<List<Double>> losses = new ArrayList<>();
        for (boolean find : new boolean[] {false, true}) {
            Model model = Sequential.of(new Dense(8), new Dropout(0.5), new Dense(1));
            Optimizer adam = new Adam(0.01).with(MovingAverage.of(0.9), GradientAccumulation.of(3));
            adam.setLossScale(LossScale.dynamic(1024, 2));
            try (Trainer trainer = way.of(Trainer.of(model)
                            .loss(new MeanSquaredError())
                            .optimizer(adam)
                            .seed(5)
                            .threads(1, 1))
                    .build()) {
                if (find) {
                    trainer.fit(data, Fit.epochs(50).callbacks(new LearningRateFinder(1e-5, 1, 40)));
                }
                losses.add(trainer.fit(data, Fit.epochs(3)).values("loss"));
            }
        }
        assertEquals(losses.get(0), losses.get(1));
    }

    static Stream<UnaryOperator<TrainerBuilder>> sizes() {
        return Stream.of(
                TrainerBuilder::compiled,
                builder -> builder.compiled().stepsPerExecution(4),
                builder -> builder.compiled().autoStepsPerExecution());
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void aTrialIsOneBatchHoweverManyStepsACallHas(UnaryOperator<TrainerBuilder> size) {
        LearningRateFinder finder = new LearningRateFinder(1e-3, 1e-1, 12);
        List<Double> rates = new ArrayList<>();
        Callback note = Callback.trainBatchEnd((run, event) -> rates.add(run.learningRate()));
        try (Trainer trainer =
                size.apply(trainer(new MeanSquaredError(), new Sgd(0.1))).build()) {
            History history = trainer.fit(filled(29, 3), Fit.epochs(20).callbacks(finder, note));
            assertEquals(
                    12,
                    history.epochs().stream().mapToLong(epoch -> epoch.steps()).sum());
            assertEquals(12, finder.trials().size());
            for (int i = 0; i < 12; i++) {
                assertEquals(1e-3 * Math.pow(100, i / 11.0), rates.get(i), 1e-9);
            }
        }
    }

    static Stream<Arguments> setters() {
        return Stream.of(
                Arguments.of("ReduceLrOnPlateau", new ReduceLrOnPlateau("loss")),
                Arguments.of("LearningRateScheduler", new LearningRateScheduler((epoch, rate) -> rate)),
                Arguments.of("LearningRateFinder", new LearningRateFinder()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("setters")
    void whoSetsTheRateOfAScheduleIsRefusedBeforeTheFirstStep(String name, Callback callback) {
        List<Long> steps = new ArrayList<>();
        Callback count = Callback.trainBatchEnd((run, event) -> steps.add(run.steps()));
        Optimizer scheduled = new Sgd(Schedule.constant(0.1).warmup(0, 10));
        try (Trainer trainer = trainer(slope(), scheduled).build()) {
            RuntimeException error = assertThrows(
                    RuntimeException.class, () -> trainer.fit(ONE, Fit.epochs(2).callbacks(count, callback)));
            assertTrue(error.getMessage().contains(name), error.getMessage());
            assertTrue(error.getMessage().contains("build it with a number"), error.getMessage());
        }
        assertEquals(List.of(), steps);
    }

    @Test
    void averagesThatNobodyKeepsAreMissedBeforeTheFirstStep() {
        List<Long> steps = new ArrayList<>();
        Callback count = Callback.trainBatchEnd((run, event) -> steps.add(run.steps()));
        try (Trainer trainer = trainer(slope(), new Sgd(0.1)).build()) {
            RuntimeException error = assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(ONE, Fit.epochs(2).validation(ONE).callbacks(count, new SwapEmaWeights())));
            assertTrue(error.getMessage().contains("MovingAverage.of"), error.getMessage());
        }
        assertEquals(List.of(), steps);
    }

    @ParameterizedTest
    @EnumSource
    void aScheduleSeesEachStepOnce(Way way) {
        List<Double> rates = new ArrayList<>();
        Optimizer sgd = new Sgd(Schedule.cosineDecay(1, 10)).with(GradientAccumulation.of(4));
        Callback note = Callback.epochEnd((run, event) -> rates.add(run.learningRate()));
        try (Trainer trainer = way.of(trainer(slope(), sgd)).build()) {
            trainer.fit(filled(5, 1), Fit.epochs(2).callbacks(note));
            assertEquals(0.5, rates.get(0), 1e-12);
            assertEquals(0, rates.get(1), 1e-12);
            assertEquals(2, rates.size());
            double[] by = new double[10];
            Arrays.setAll(by, step -> (1 + Math.cos(Math.PI * step / 10)) / 2);
            assertEquals(1 - by[3] - by[7] - by[9], weight(trainer), 1e-6);
        }
    }

    /** A trace holds for the variables that were met when it was made: those that come later are updated all the same. */
    @ParameterizedTest
    @EnumSource
    void layersThatAreFrozenInTheMiddleOfAnUpdateAreUpdatedByWhatWasSummedUp(Way way) {
        List<Double> expected = new ArrayList<>();
        for (Way each : List.of(Way.EAGER, way)) {
            Dense first = new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.ones()));
            Dense second = new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.ones()));
            Optimizer sgd = new Sgd(0.125).with(GradientAccumulation.of(2), MovingAverage.of(0.5));
            try (Trainer trainer = each.of(Trainer.of(Sequential.of(first, second))
                            .loss(slope())
                            .optimizer(sgd)
                            .threads(1, 1))
                    .build()) {
                List<Double> weights = new ArrayList<>();
                boolean[] frozen = {true, false, true, false, false, true, true, true};
                for (boolean now : frozen) {
                    first.trainable(!now);
                    try (BatchIterator batch = ONE.iterator()) {
                        trainer.trainOnBatch(batch.next());
                    }
                    trainer.model().variables().forEach(variable -> weights.add(variable.toDoubles()[0]));
                    sgd.averages().forEach(variable -> weights.add(variable.toDoubles()[0]));
                }
                if (expected.isEmpty()) {
                    expected.addAll(weights);
                    // The gradient of each is the other. Steps 1 and 2: the second by (1 + 1) / 2, the first by (0 + 1)
                    // / 2.
                    assertEquals(List.of(1.0, 1.0), weights.subList(0, 2));
                    int afterTwo = 2 + 1;
                    assertEquals(List.of(1 - 0.0625, 1 - 0.125), weights.subList(afterTwo, afterTwo + 2));
                }
                assertEquals(expected, weights);
            }
        }
    }
}
