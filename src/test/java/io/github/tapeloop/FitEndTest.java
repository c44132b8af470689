package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.LearningRateScheduler;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.callback.SwapEmaWeights;
import io.github.tapeloop.callback.TensorBoard;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** What an optimizer has to finish is finished at the end of an epoch, an evaluation or a run. */
class FitEndTest {

    private static final double RATE = 0.1;
    private static final float[] X = {1, 0.5f, -1, 2, 1.5f};
    private static final float[] T = {3, 1, -1, 2, 4};

    /** Five examples of one weight w: y = w x. */
    private static final Batches DATA = Dataset.of(columns(X), columns(T)).batch(1);

    private static float[][] columns(float[] values) {
        float[][] rows = new float[values.length][1];
        for (int i = 0; i < values.length; i++) {
            rows[i][0] = values[i];
        }
        return rows;
    }

    private static double gradient(double w, int example) {
        return 2 * X[example] * (w * X[example] - T[example]);
    }

    private static double loss(double w) {
        double total = 0;
        for (int i = 0; i < X.length; i++) {
            total += Math.pow(w * X[i] - T[i], 2) / X.length;
        }
        return total;
    }

    private static Model line() {
        return Sequential.of(
                new Dense(1).kernel(w -> w.initializer(Initializer.zeros())).useBias(false));
    }

    private static Trainer trainer(Way way, Optimizer optimizer) {
        return way.of(Trainer.of(line()).loss(new MeanSquaredError()).optimizer(optimizer))
                .build();
    }

    @SuppressWarnings("unchecked") // The model is float32.
    private static double weight(Model model) {
        Variable<TFloat32> kernel =
                (Variable<TFloat32>) model.variables().iterator().next();
        TapeSession session = kernel.session();
        double[] value = new double[1];
        session.unrecorded(() -> value[0] = session.scalar(
                session.tf().reshape(kernel.read(session.tf()), session.tf().constant(new int[0]))));
        return value[0];
    }

    @ParameterizedTest
    @EnumSource
    void gradientsThatWaitForOthersWaitBeyondTheEpochAndCountAtTheEndOfTheRun(Way way) {
        double w = 0;
        double sum = 0;
        List<Double> atEpochEnd = new ArrayList<>();
        for (int step = 0; step < 15; step++) {
            sum += gradient(w, step % 5);
            if (step % 2 == 1) {
                w -= RATE * sum / 2;
                sum = 0;
            }
            if (step % 5 == 4) {
                atEpochEnd.add(w);
            }
        }
        w -= RATE * sum;
        List<Double> seen = new ArrayList<>();
        Callback note = Callback.epochEnd((run, event) -> seen.add(weight(run.model())));
        try (Trainer trainer = trainer(way, new Sgd(RATE).with(GradientAccumulation.of(2)))) {
            trainer.fit(DATA, Fit.epochs(3).callbacks(note));
            for (int epoch = 0; epoch < 3; epoch++) {
                assertEquals(atEpochEnd.get(epoch), seen.get(epoch), 1e-5);
            }
            assertEquals(w, weight(trainer.model()), 1e-5);
        }
    }

    /** Weights and their averages after each epoch. */
    private static double[][] averaged(int epochs) {
        double[][] ends = new double[2][epochs];
        double w = 0;
        double average = 0;
        for (int step = 0; step < 5 * epochs; step++) {
            w -= RATE * gradient(w, step % 5);
            average = step == 0 ? w : 0.8 * average + 0.2 * w;
            ends[0][step / 5] = w;
            ends[1][step / 5] = average;
        }
        return ends;
    }

    private static Optimizer averaging() {
        return new Sgd(RATE).with(MovingAverage.of(0.8));
    }

    @ParameterizedTest
    @EnumSource
    void averagesArePutInPlaceBeforeTheRunEnds(Way way) {
        double[][] expected = averaged(3);
        double[] seen = new double[1];
        Callback end = new Callback() {
            @Override
            public void onTrainEnd(Run run, Event.TrainEnd event) {
                seen[0] = weight(run.model());
            }
        };
        try (Trainer trainer = trainer(way, averaging())) {
            History history = trainer.fit(DATA, Fit.epochs(3).validation(DATA).callbacks(end));
            assertEquals(expected[1][2], seen[0], 1e-5);
            assertEquals(loss(expected[0][2]), history.last("val_loss"), 1e-4, "validated as trained");
            assertEquals(loss(expected[1][2]), trainer.evaluate(DATA).get("loss"), 1e-4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void averagesAreSwappedInForValidationAndOnWishUntilTheNextEpoch(Way way) {
        double[][] expected = averaged(3);
        for (boolean onEpoch : new boolean[] {false, true}) {
            List<Double> atEpochEnd = new ArrayList<>();
            Callback note = Callback.epochEnd((run, event) -> atEpochEnd.add(weight(run.model())));
            try (Trainer trainer = trainer(way, averaging())) {
                History history = trainer.fit(
                        DATA,
                        Fit.epochs(3).validation(DATA).callbacks(new SwapEmaWeights().swapOnEpoch(onEpoch), note));
                for (int epoch = 0; epoch < 3; epoch++) {
                    assertEquals(
                            loss(expected[1][epoch]), history.values("val_loss").get(epoch), 1e-4);
                    assertEquals(expected[onEpoch ? 1 : 0][epoch], atEpochEnd.get(epoch), 1e-5);
                }
                assertEquals(expected[1][2], weight(trainer.model()), 1e-5);
            }
        }
    }

    @Test
    void aFailureWhileAveragesAreInPlaceGivesTheWeightsBack() {
        Callback fails = new Callback() {
            @Override
            public void onTestBatchEnd(Run run, Event.BatchEnd event) {
                throw new IllegalStateException("on purpose");
            }
        };
        try (Trainer trainer = trainer(Way.EAGER, averaging())) {
            assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(DATA, Fit.epochs(3).validation(DATA).callbacks(new SwapEmaWeights(), fails)));
            assertEquals(averaged(1)[0][0], weight(trainer.model()), 1e-5);
        }
    }

    @Test
    void averagesThatNobodyKeepsCannotBeSwappedIn() {
        try (Trainer trainer = trainer(Way.EAGER, new Sgd(RATE))) {
            Throwable failure = assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(DATA, Fit.epochs(1).validation(DATA).callbacks(new SwapEmaWeights())));
            assertTrue(failure.getCause().getMessage().contains("MovingAverage"), failure.toString());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aScheduleFreeOptimizerValidatesWithItsAverageAndTrainsOnWithoutIt(Way way) {
        Fit all = Fit.epochs(4).validation(DATA);
        try (Trainer once = trainer(way, new ScheduleFreeAdamW(0.05));
                Trainer twice = trainer(way, new ScheduleFreeAdamW(0.05));
                Trainer blind = trainer(way, new ScheduleFreeAdamW(0.05))) {
            History whole = once.fit(DATA, all);
            assertEquals(
                    whole.last("val_loss"), once.evaluate(DATA).get("loss"), 1e-7, "the run ends with the average");
            assertEquals(whole.last("val_loss"), loss(weight(once.model())), 1e-5);

            twice.fit(DATA, Fit.epochs(2).validation(DATA));
            twice.predict(DATA);
            History rest = twice.fit(DATA, all.initialEpoch(2));
            assertEquals(whole.values("loss").subList(2, 4), rest.values("loss"));

            assertEquals(whole.values("loss"), blind.fit(DATA, Fit.epochs(4)).values("loss"));
        }
    }

    @Test
    void theBestWeightsOfAScheduleFreeOptimizerAreItsAverageAfterAFailureToo() {
        Callback fails = Callback.trainBatchEnd((run, event) -> {
            if (run.steps() == 8) {
                throw new IllegalStateException("on purpose");
            }
        });
        List<Double> averages = new ArrayList<>();
        Callback note = Callback.epochEnd((run, event) -> averages.add(weight(run.model())));
        EarlyStopping best = new EarlyStopping("loss").patience(9).restoreBest();
        try (Trainer trainer = trainer(Way.EAGER, new ScheduleFreeAdamW(0.05))) {
            assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(DATA, Fit.epochs(3).callbacks(note, best, fails)));
            trainer.evaluate(DATA);
            assertEquals(averages.get(0), weight(trainer.model()));
        }
    }

    @Test
    void aFailureInTrainingLeavesTheWeightsToEvaluateWith() {
        Callback fails = Callback.trainBatchEnd((run, event) -> {
            if (run.steps() == 8) {
                throw new IllegalStateException("on purpose");
            }
        });
        try (Trainer trainer = trainer(Way.EAGER, new ScheduleFreeAdamW(0.05))) {
            assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(DATA, Fit.epochs(3).callbacks(fails)));
            double left = weight(trainer.model());
            trainer.evaluate(DATA);
            assertEquals(weight(trainer.model()), left);
        }
    }

    @ParameterizedTest
    @EnumSource
    void optimizersThatAStepBringsAreFinishedToo(Way way) {
        Model model = line();
        Optimizer own = new Sgd(RATE).with(GradientAccumulation.of(2), MovingAverage.of(0.8));
        CustomStep step = (context, batch) -> {
            try (GradientTape tape = context.tape()) {
                Operand<TFloat32> y = context.training().call(model, batch.input(context.tf()));
                Operand<TFloat32> loss = new MeanSquaredError().call(context.tf(), batch.target(context.tf()), y);
                own.apply(context.tf(), tape.gradients(loss, model.trainableVariables()));
                return Map.of("loss", loss);
            }
        };
        try (Trainer ours = trainer(way, new Sgd(RATE).with(GradientAccumulation.of(2), MovingAverage.of(0.8)));
                Trainer theirs = way.of(Trainer.of(model).step(step).includes(own))
                        .loss(new MeanSquaredError())
                        .build()) {
            Fit options = Fit.epochs(3).validation(DATA).callbacks(new SwapEmaWeights());
            History expected = ours.fit(DATA, options);
            History history = theirs.fit(DATA, options);
            assertEquals(expected.values("loss"), history.values("loss"));
            assertEquals(expected.values("val_loss"), history.values("val_loss"));
            assertEquals(weight(ours.model()), weight(model));
        }
    }

    @Test
    void aScheduleFreeOptimizerThatAStepBringsIsEvaluatedWithItsAverage() {
        Model model = line();
        Optimizer own = new ScheduleFreeAdamW(0.05);
        CustomStep step = (context, batch) -> {
            try (GradientTape tape = context.tape()) {
                Operand<TFloat32> y = context.training().call(model, batch.input(context.tf()));
                Operand<TFloat32> loss = new MeanSquaredError().call(context.tf(), batch.target(context.tf()), y);
                own.apply(context.tf(), tape.gradients(loss, model.trainableVariables()));
                return Map.of("loss", loss);
            }
        };
        Fit options = Fit.epochs(2).validation(DATA);
        try (Trainer ours = trainer(Way.EAGER, new ScheduleFreeAdamW(0.05));
                Trainer theirs = Trainer.of(model)
                        .step(step)
                        .includes(own)
                        .loss(new MeanSquaredError())
                        .build()) {
            History expected = ours.fit(DATA, options);
            assertEquals(expected.values("val_loss"), theirs.fit(DATA, options).values("val_loss"));
        }
    }

    @Test
    void theRateOfAScheduleIsKnownBeforeTheFirstStep() {
        List<Double> rates = new ArrayList<>();
        Callback asks = new Callback() {
            @Override
            public void onTrainBegin(Run run, Event.TrainBegin event) {
                rates.add(run.learningRate());
            }
        };
        LearningRateScheduler sets = new LearningRateScheduler((epoch, rate) -> rate / 2);
        try (Trainer trainer = trainer(Way.EAGER, new Sgd(Schedule.exponentialDecay(0.5, 5, 0.5)))) {
            trainer.fit(DATA, Fit.epochs(1).callbacks(asks));
            trainer.fit(DATA, Fit.epochs(1).callbacks(asks));
            assertEquals(List.of(0.5, 0.25), rates);
        }
        try (Trainer trainer = trainer(Way.EAGER, new Sgd(Schedule.exponentialDecay(0.5, 5, 0.5)))) {
            Throwable failure = assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(DATA, Fit.epochs(1).callbacks(sets)));
            assertTrue(failure.getMessage().contains("follows a schedule"), failure.toString());
        }
    }

    @Test
    void aDryRunLeavesAScheduleFreeOptimizerAsItWas() {
        try (Trainer trainer = trainer(Way.EAGER, new ScheduleFreeAdamW(0.05));
                Trainer other = trainer(Way.EAGER, new ScheduleFreeAdamW(0.05))) {
            trainer.fit(DATA, Fit.epochs(1).dryRun());
            assertEquals(
                    other.fit(DATA, Fit.epochs(2)).values("loss"),
                    trainer.fit(DATA, Fit.epochs(2)).values("loss"));
        }
    }

    @Test
    void stepsWithTheirOwnOptimizersHaveNoLearningRateToLog(@TempDir Path directory) {
        CustomStep step = (context, batch) -> Map.of("loss", context.tf().constant(1f));
        List<Boolean> has = new ArrayList<>();
        Callback asks = Callback.epochEnd((run, event) -> has.add(run.hasLearningRate()));
        try (Trainer trainer = Trainer.of(line()).step(step).build()) {
            trainer.fit(DATA, Fit.epochs(1).callbacks(new TensorBoard(directory), asks));
        }
        try (Trainer trainer = trainer(Way.EAGER, new Sgd(RATE))) {
            trainer.fit(DATA, Fit.epochs(1).callbacks(asks));
        }
        assertEquals(List.of(false, true), has);
        assertNotEquals(0, directory.toFile().list().length);
    }

    @Test
    void aMeanIsNeitherBetterNorWorse() {
        List<Optional<Boolean>> known = new ArrayList<>();
        Callback asks = Callback.epochEnd((run, event) -> known.add(run.higherIsBetter("val_output")));
        TrainerBuilder builder = Trainer.of(line())
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(RATE))
                .metrics(new Mean("output"));
        try (Trainer trainer = builder.build()) {
            trainer.fit(DATA, Fit.epochs(1).callbacks(asks));
            assertEquals(List.of(Optional.empty()), known);
            assertTrue(trainer.describe().contains("metrics output\n"), trainer.describe());
            Throwable failure = assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(DATA, Fit.epochs(2).validation(DATA).callbacks(new EarlyStopping("val_output"))));
            assertTrue(failure.getCause().getMessage().contains("Mode.MAX"), failure.toString());
        }
    }

    @Test
    void anErrorThatIsThrownAtTheEndOnceMoreIsTheOneThatComesOut() {
        AssertionError failure = new AssertionError("thrown in a step and at the end");
        Callback broken = new Callback() {
            @Override
            public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
                throw failure;
            }

            @Override
            public void onTrainEnd(Run run, Event.TrainEnd event) {
                throw failure;
            }
        };
        try (Trainer trainer = Problems.trainer()) {
            Fit fit = Fit.epochs(1).callbacks(broken);
            assertSame(failure, assertThrows(AssertionError.class, () -> trainer.fit(Problems.batches(8, 4), fit)));
        }
    }
}
