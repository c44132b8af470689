package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.DataException;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Field;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.data.PadTo;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.optimizer.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.op.math.Mean;

/** Data stages as a trainer uses them. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DataInFitTest {

    /** The loss of a batch is the mean of its input, padding included; nothing is learned unless there is a rate. */
    private static TrainerBuilder meanOfInputs(double rate) {
        Loss mean = (tf, target, prediction) ->
                tf.math.mean(tf.reshape(prediction, tf.constant(new int[] {-1})), tf.constant(0));
        Lambda overTime =
                new Lambda((pass, x) -> pass.tf().math.mean(x, pass.tf().constant(1), Mean.keepDims(true)));
        Dense one = new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.ones()));
        return Trainer.of(Sequential.of(overTime, one)).loss(mean).optimizer(new Sgd(rate));
    }

    private static Dataset ragged(int... lengths) {
        float[][] rows = new float[lengths.length][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new float[lengths[i]];
            Arrays.fill(rows[i], 1);
        }
        return Dataset.of(new Columns().input(ColumnData.ragged(rows)).target(ColumnData.of(new int[rows.length])));
    }

    private static List<Batches> padded() {
        Dataset random = ragged(IntStream.range(0, 45).map(i -> 1 + i * i % 11).toArray());
        return List.of(
                ragged(2, 2, 9, 9).padBatch(2),
                random.padBatch(4),
                random.padBatch(4, PadTo.lengths(4, 8)),
                random.padBatch(3).prefetch(2),
                random.bucketByLength(4, 3, 6));
    }

    @Test
    void paddingDoesNotDependOnHowManyStepsACallTakes() {
        for (Batches batches : padded()) {
            List<List<Double>> losses = new ArrayList<>();
            for (int steps = 0; steps <= 5; steps++) { // 0 is eager.
                TrainerBuilder builder = meanOfInputs(0.01).threads(1, 1);
                try (Trainer trainer =
                        (steps == 0 ? builder : builder.compiled().stepsPerExecution(steps)).build()) {
                    History history = trainer.fit(batches, Fit.epochs(2));
                    losses.add(history.values("loss"));
                    assertEquals(
                            batches.size().orElseThrow(),
                            history.epochs().get(0).steps(),
                            steps + " steps a call");
                    assertEquals(
                            batches.examples().orElseThrow(),
                            history.epochs().get(0).examples());
                }
            }
            losses.forEach(each -> assertEquals(losses.get(0), each));
        }
    }

    @Test
    void lossesOfPaddedBatchesAreThoseOfEachByItself() {
        try (Trainer trainer = meanOfInputs(0).compiled().stepsPerExecution(2).build()) {
            assertEquals(
                    1.0,
                    trainer.fit(ragged(2, 2, 9, 9).padBatch(2), Fit.epochs(1)).last("loss"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void epochsOfAFixedNumberOfStepsEndThereHoweverGroupsAreCut(int steps) {
        for (Batches batches : padded()) {
            List<Long> ends = new ArrayList<>();
            try (Trainer trainer =
                    meanOfInputs(0).compiled().stepsPerExecution(3).build()) {
                History history = trainer.fit(
                        batches,
                        Fit.epochs(3)
                                .stepsPerEpoch(Math.min(steps, batches.size().orElseThrow()))
                                .callbacks(Callback.trainBatchEnd((run, event) -> ends.add(event.batch()))));
                long all = history.epochs().stream()
                        .mapToLong(epoch -> epoch.steps())
                        .sum();
                assertTrue(all >= Math.min(steps, batches.size().orElseThrow()));
                ends.forEach(end -> assertTrue(end < steps, ends.toString()));
            }
        }
    }

    @Test
    void groupsAreAsLargeAsACallTakesAndEndWithTheEpoch() {
        List<Long> ends = new ArrayList<>();
        try (Trainer trainer = meanOfInputs(0).compiled().stepsPerExecution(4).build()) {
            trainer.fit(
                    Dataset.of(new float[60][2], new int[60]).batch(2),
                    Fit.epochs(2)
                            .stepsPerEpoch(10)
                            .callbacks(Callback.trainBatchEnd((run, event) -> ends.add(event.batch()))));
        }
        assertEquals(List.of(3L, 7L, 9L, 3L, 7L, 9L), ends);
    }

    @Test
    void eachPassIsClosedWhenItsEpochEnds() {
        AtomicInteger opened = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        Dataset data = Dataset.ofStream(
                () -> {
                    opened.incrementAndGet();
                    return Stream.generate(() -> 1f).limit(20).onClose(closed::incrementAndGet);
                },
                new Fields<Float>().input(Field.numbers(x -> x)).target(Field.numbers(x -> 0)));
        List<Integer> open = new ArrayList<>();
        for (int perEpoch : new int[] {0, 3, 10}) {
            try (Trainer trainer = meanOfInputs(0).build()) {
                Fit fit = Fit.epochs(4)
                        .callbacks(Callback.epochEnd((run, event) -> open.add(opened.get() - closed.get())));
                trainer.fit(data.batch(2), perEpoch == 0 ? fit : fit.stepsPerEpoch(perEpoch));
            }
            assertEquals(opened.get(), closed.get());
        }
        assertEquals(List.of(0, 0, 0, 0), open.subList(0, 4));
        assertTrue(open.stream().allMatch(each -> each <= 1), open.toString());
    }

    @Test
    void validationSplitIsTheTailAndWarnsWhenItsClassesDiffer() {
        float[][] x = new float[40][1];
        int[] sorted = new int[40];
        for (int i = 0; i < 40; i++) {
            x[i][0] = i;
            sorted[i] = i / 10;
        }
        Batches data = Dataset.of(x, sorted).shuffle(40).batch(10);
        try (Trainer trainer = meanOfInputs(0).build()) {
            History history = trainer.fit(data, Fit.epochs(1).validationSplit(0.25));
            assertEquals(34.5, history.last("val_loss"), 1e-5);
            assertEquals(14.5, history.last("loss"), 1e-5);
        }
    }

    @Test
    void aFileOfUnknownSizeCanBeValidatedOn() {
        Dataset stream = Dataset.ofStream(
                () -> IntStream.range(0, 40).boxed(),
                new Fields<Integer>().input(Field.numbers(i -> i)).target(Field.integer(i -> 0)));
        try (Trainer trainer = meanOfInputs(0).compiled().build()) {
            History history =
                    trainer.fit(stream.batch(10).prefetch(1), Fit.epochs(2).validationSplit(0.25));
            assertEquals(List.of(34.5, 34.5), history.values("val_loss"));
            assertEquals(List.of(14.5, 14.5), history.values("loss"));
        }
    }

    @Test
    void aRepeatedSourceThatIsEmptyEndsFit() {
        Dataset empty = Dataset.of(new float[3][1], new int[3]).filter(row -> false);
        try (Trainer trainer = meanOfInputs(0).build()) {
            Batches batches = empty.repeat(Integer.MAX_VALUE).batch(2);
            String message = assertThrows(IllegalArgumentException.class, () -> trainer.fit(batches, Fit.epochs(1)))
                    .getMessage();
            assertTrue(message.contains("has no batch"), message);
        }
    }

    @Test
    void fitHearsAnInterruptInALoopThatComesToNoBatch() throws Exception {
        CountDownLatch runs = new CountDownLatch(1000);
        Dataset endless = Dataset.ofStream(
                () -> Stream.generate(() -> 1f),
                new Fields<Float>().input(Field.numbers(x -> x)).target(Field.numbers(x -> 0)));
        for (int prefetch = 0; prefetch <= 1; prefetch++) {
            Batches batches = endless.filter(row -> {
                        runs.countDown();
                        return row.number() < 10;
                    })
                    .batch(2)
                    .prefetch(prefetch);
            FutureTask<Object> fit = new FutureTask<>(() -> {
                try (Trainer trainer = meanOfInputs(0).build()) {
                    return trainer.fit(batches, Fit.epochs(1)).stopReason().orElse("not stopped");
                } catch (DataException e) {
                    return e.getMessage();
                }
            });
            Thread thread = new Thread(fit);
            thread.start();
            runs.await();
            thread.interrupt();
            assertTrue(fit.get().toString().contains("interrupted"), fit.get().toString());
        }
    }
}
