package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.callback.SwapEmaWeights;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Field;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Variable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** Options that are right alone, and together. */
class OptionsTogetherTest {

    private static float[][] numbers(int count) {
        float[][] numbers = new float[count][1];
        for (int i = 0; i < count; i++) {
            numbers[i][0] = i;
        }
        return numbers;
    }

    private static TrainerBuilder still(Dense layer) {
        return Trainer.of(Sequential.of(layer))
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0))
                .threads(1, 1)
                .seed(1);
    }

    private static String steps(Trainer trainer) {
        return trainer.describe()
                .lines()
                .filter(line -> line.startsWith("steps"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void theOrderInWhichCompilationIsAskedForDoesNotMatter() {
        List<TrainerBuilder> builders = List.of(
                still(new Dense(1)).jitCompile().compiled(),
                still(new Dense(1)).compiled().jitCompile(),
                still(new Dense(1)).jitCompile().compiled(Compilation.verify(2)),
                still(new Dense(1)).compiled(Compilation.verify(2)).jitCompile());
        List<String> descriptions = new ArrayList<>();
        for (TrainerBuilder builder : builders) {
            try (Trainer trainer = builder.build()) {
                descriptions.add(steps(trainer));
            }
        }
        assertEquals(descriptions.get(0), descriptions.get(1));
        assertEquals(descriptions.get(2), descriptions.get(3));
        assertTrue(descriptions.get(0).contains("XLA"), descriptions::toString);
        assertTrue(descriptions.get(2).contains("XLA") && descriptions.get(2).contains("verified"));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aRunThatIsContinuedTakesTheBatchesOfOneLongRun(Way way) {
        for (int steps : new int[] {3, 4, 5, 10, 7}) {
            List<Double> all = losses(way, steps, 0);
            for (int first = 1; first < 4; first++) {
                assertEquals(
                        all.subList(first, 5), losses(way, steps, first), steps + " steps an epoch, from " + first);
            }
        }
    }

    @Test
    void aSecondRunOfSomeStepsAnEpochHasAnOrderOfItsOwn() {
        Batches data = Dataset.of(new float[100][1], numbers(100)).shuffle(100).batch(10);
        try (Trainer trainer = still(new Dense(1)).build()) {
            Fit some = Fit.epochs(1).stepsPerEpoch(5);
            assertNotEquals(
                    trainer.fit(data, some).last("loss"),
                    trainer.fit(data, some).last("loss"));
        }
    }

    /** The loss of each epoch tells which batches it had: nothing is learned, and the targets are numbers of rows. */
    private static List<Double> losses(Way way, int steps, int first) {
        Batches data = Dataset.of(new float[100][1], numbers(100)).shuffle(100).batch(10);
        try (Trainer trainer = way.of(still(new Dense(1))).build()) {
            return trainer.fit(data, Fit.epochs(5).stepsPerEpoch(steps).initialEpoch(first))
                    .values("loss");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void everyExampleOfAStreamThatCanBeReadOnceIsTrainedOn(boolean auto) {
        Deque<Float> queue = new ArrayDeque<>(Collections.nCopies(1000, 1f));
        Dataset data = Dataset.ofStream(
                () -> Stream.generate(queue::poll).takeWhile(Objects::nonNull),
                new Fields<Float>().input(Field.numbers(f -> f)).target(Field.numbers(f -> f)));
        TrainerBuilder builder = still(new Dense(1)).compiled();
        try (Trainer trainer = (auto ? builder.autoStepsPerExecution() : builder).build()) {
            assertEquals(
                    1000,
                    trainer.fit(data.batch(10), Fit.epochs(1)).epochs().get(0).examples());
        }
    }

    @Test
    void theNumberOfStepsAnExecutionIsFoundWithAFixedNumberOfStepsAnEpochToo() {
        int[] calls = {0};
        Callback counting = Callback.trainBatchEnd((run, event) -> calls[0]++);
        Batches data = Dataset.of(new float[6010][1], new float[6010][1]).batch(10);
        try (Trainer trainer =
                still(new Dense(1)).compiled().autoStepsPerExecution().build()) {
            History history = trainer.fit(data, Fit.epochs(2).stepsPerEpoch(300).callbacks(counting));
            assertEquals(300, history.epochs().get(1).steps());
            assertTrue(calls[0] < 600, calls[0] + " calls");
            calls[0] = 0;
            trainer.fit(data, Fit.epochs(1).stepsPerEpoch(601).callbacks(counting)); // A prime.
            assertTrue(calls[0] < 601, calls[0] + " calls");
        }
    }

    /** The first steps that are timed may lie in several epochs. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theNumberOfStepsAnExecutionIsFoundInShortEpochsToo(boolean fixed) {
        int[] calls = {0};
        Callback counting = Callback.trainBatchEnd((run, event) -> calls[0]++);
        Batches data = Dataset.of(new float[30][1], new float[30][1]).batch(2);
        Fit fit = Fit.epochs(6).callbacks(counting);
        try (Trainer trainer =
                still(new Dense(1)).compiled().autoStepsPerExecution().build()) {
            History history = trainer.fit(data, fixed ? fit.stepsPerEpoch(15) : fit);
            assertTrue(calls[0] < 90, calls[0] + " calls");
            assertEquals(
                    Collections.nCopies(6, 15L),
                    history.epochs().stream().map(Event.EpochEnd::steps).toList());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStateGoneBackToIsTheSameWhateverWeightsWereInPlace(boolean swapOnEpoch) {
        Optimizer averaged = new Sgd(0.25).with(MovingAverage.of(0.5));
        Dense layer = new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.ones()));
        Snapshot[] kept = {null};
        List<Double> atEnd = new ArrayList<>();
        List<Double> after = new ArrayList<>();
        try (Trainer trainer = Trainer.of(Sequential.of(layer))
                .loss(new MeanSquaredError())
                .optimizer(averaged)
                .threads(1, 1)
                .build()) {
            Callback keep = Callback.epochEnd((run, event) -> {
                if (event.epoch() == 0) {
                    kept[0] = run.snapshot();
                }
            });
            Callback note = Callback.trainBatchEnd((run, event) -> {
                if (kept[0] == null) {
                    atEnd.clear();
                    atEnd.addAll(rawAndAverage(trainer, averaged));
                } else {
                    kept[0].restore();
                    after.clear();
                    after.addAll(rawAndAverage(trainer, averaged));
                }
            });
            trainer.fit(
                    Dataset.of(new float[][] {{1}, {1}}, new float[][] {{5}, {5}})
                            .batch(1),
                    Fit.epochs(2).callbacks(new SwapEmaWeights().swapOnEpoch(swapOnEpoch), keep, note));
            assertEquals(atEnd, after);
            assertEquals(atEnd.get(1), rawAndAverage(trainer, averaged).get(0), "averages are left in place");
            kept[0].close();
        }
    }

    private static List<Double> rawAndAverage(Trainer trainer, Optimizer optimizer) {
        double[] read = new double[2];
        trainer.session().unrecorded(() -> {
            read[0] = first(trainer, trainer.model().variables().iterator().next());
            for (Variable<?> variable : optimizer.state()) {
                if (variable.name().endsWith("average")) {
                    read[1] = first(trainer, variable);
                }
            }
        });
        return List.of(read[0], read[1]);
    }

    @SuppressWarnings("unchecked") // Weights are float32.
    private static double first(Trainer trainer, Variable<?> variable) {
        return trainer.session()
                .read(((Variable<TFloat32>) variable).read(trainer.session().tf()), tensor ->
                        (double) tensor.getFloat(0, 0));
    }

    @Test
    void trainingGoesOnFromTheWeightsToTrainOnAfterGoingBackToAnEpochsEnd() {
        List<Double> losses = new ArrayList<>();
        for (boolean goBack : new boolean[] {false, true}) {
            Snapshot[] kept = {null};
            try (Trainer trainer = Trainer.of(Problems.network())
                    .loss(SparseCategoricalCrossentropy.fromLogits())
                    .optimizer(new ScheduleFreeAdamW(0.05))
                    .threads(1, 1)
                    .seed(3)
                    .build()) {
                Callback keepAndGoBack = new Callback() {
                    @Override
                    public void onTrainBatchBegin(Run run, Event.BatchBegin event) {
                        if (goBack && kept[0] != null && event.batch() == 0) {
                            kept[0].restore(); // Weights to evaluate with were in place then.
                        }
                    }

                    @Override
                    public void onEpochEnd(Run run, Event.EpochEnd event) {
                        if (kept[0] == null) {
                            kept[0] = run.snapshot();
                        }
                    }
                };
                trainer.fit(Problems.batches(40, 8), Fit.epochs(2).callbacks(keepAndGoBack));
                losses.add(trainer.evaluate(Problems.batches(40, 8)).get("loss"));
                kept[0].close();
            }
        }
        assertEquals(losses.get(0), losses.get(1), 1e-5);
    }

    @Test
    void aReasonToStopIsNeverMissing() {
        try (Trainer trainer = Problems.trainer()) {
            RuntimeException refused = assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(
                            Problems.batches(20, 5),
                            Fit.epochs(4).callbacks(Callback.epochEnd((run, event) -> run.stop(null)))));
            assertTrue(refused.getMessage().contains("reason"), refused.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void everyMethodOfATrainerTakesFloat64(Way way) {
        double[][] x = new double[12][2];
        double[][] y = new double[12][1];
        for (int i = 0; i < x.length; i++) {
            x[i][0] = Math.sin(i);
            x[i][1] = i % 3;
            y[i][0] = x[i][0] + 1;
        }
        Batches data = Dataset.of(x, y).batch(2);
        try (Trainer trainer = way.of(Trainer.of(Sequential.of(new Dense(3), new Dense(1)))
                        .loss(new MeanSquaredError())
                        .optimizer(new Sgd(0.1))
                        .threads(1, 1)
                        .seed(4))
                .build()) {
            assertTrue(trainer.preflight(data.iterator().next()).isClear());
            List<Double> losses =
                    trainer.fit(data, Fit.epochs(2).validation(data)).values("loss");
            assertTrue(losses.get(1) < losses.get(0), losses::toString);
            assertEquals(12, trainer.predict(data).shape().get(0));
            FloatNdArray predictions = trainer.predict(data);
            assertTrue(Float.isFinite(predictions.getFloat(11, 0)));
            assertTrue(trainer.evaluate(data).get("loss") < losses.get(0));
            try (BatchIterator batches = data.iterator()) {
                trainer.trainOnBatch(batches.next());
                trainer.testOnBatch(batches.next());
            }
            assertEquals(
                    TFloat64.class,
                    trainer.model().variables().iterator().next().type());
        }
    }

    @Test
    void whatCannotBeTracedIsVerifiedToRunEager() {
        List<RuntimeException> thrown = List.of(
                new IllegalStateException("state"),
                new NullPointerException("null"),
                new ClassCastException("cast"),
                new UnsupportedOperationException("unsupported"));
        for (RuntimeException e : thrown) {
            Lambda looks = new Lambda((pass, x) -> {
                if (pass.tf().scope().env().isGraph()) {
                    throw e;
                }
                return x;
            });
            try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1), looks))
                    .loss(new MeanSquaredError())
                    .optimizer(new Sgd(0.1))
                    .compiled(Compilation.verify(2))
                    .build()) {
                assertEquals(
                        2,
                        trainer.fit(Dataset.of(numbers(4), numbers(4)).batch(2), Fit.epochs(1))
                                .epochs()
                                .get(0)
                                .steps());
            }
        }
    }
}
