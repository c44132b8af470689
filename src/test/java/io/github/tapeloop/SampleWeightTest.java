package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Sgd;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** What the data says each example counts reaches the loss and the metrics that were asked to weigh. */
class SampleWeightTest {

    private static final float[][] INPUTS = {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}};
    private static final float[][] TARGETS = {{1}, {-2}, {3}, {-4}, {5}};
    private static final float[] WEIGHTS = {0.5f, 0, 2, 1, 1};

    private static Columns columns() {
        return new Columns().input(ColumnData.of(INPUTS)).target(ColumnData.of(TARGETS));
    }

    private static final Dataset PLAIN = Dataset.of(columns());
    private static final Dataset WEIGHTED = Dataset.of(columns().sampleWeight(WEIGHTS));

    /** Predicts 0 until it is trained. */
    private static Model zero() {
        return Sequential.of(new Dense(1).kernel(w -> w.initializer(Initializer.zeros())));
    }

    private static TrainerBuilder builder() {
        return Trainer.of(zero())
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0.001))
                .metrics(Metric.of(new MeanAbsoluteError()))
                .weightedMetrics(Metric.of(new MeanAbsoluteError()));
    }

    @ParameterizedTest
    @EnumSource
    void theLossAndTheWeightedMetricsWeighTheOthersDoNot(Way way) {
        try (Trainer trainer = way.of(builder()).build()) {
            Map<String, Double> weighted = trainer.evaluate(WEIGHTED.batch(2));
            // Σ w t² over the number of examples, in batches of 2, 2 and 1.
            assertEquals((0.5 + 0 + 18 + 16 + 25) / 5, weighted.get("loss"), 1e-6);
            assertEquals(15.0 / 5, weighted.get("mean_absolute_error"), 1e-6);
            assertEquals((0.5 + 6 + 4 + 5) / 4.5, weighted.get("weighted_mean_absolute_error"), 1e-6);
            // The same trainer takes data without weights, too.
            Map<String, Double> plain = trainer.evaluate(PLAIN.batch(2));
            assertEquals(55.0 / 5, plain.get("loss"), 1e-6);
            assertEquals(3, plain.get("weighted_mean_absolute_error"), 1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void trainingLogsWeightedValues(Way way) {
        TrainerBuilder still = Trainer.of(zero())
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0))
                .weightedMetrics(Metric.of("mae", new MeanAbsoluteError()));
        try (Trainer trainer = way.of(still).build()) {
            History history = trainer.fit(WEIGHTED.batch(1), Fit.epochs(2).validation(PLAIN.batch(1)));
            assertEquals(59.5 / 5, history.last("loss"), 1e-6);
            assertEquals(15.5 / 4.5, history.last("mae"), 1e-6);
            assertEquals(11, history.last("val_loss"), 1e-6);
            assertEquals(3, history.last("val_mae"), 1e-6);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anExampleOfWeightZeroTeachesNothing(Way way) {
        SplittableRandom random = new SplittableRandom(3);
        float[][] inputs = new float[120][Problems.FEATURES];
        int[] targets = new int[120];
        float[] weights = new float[120];
        for (int i = 0; i < 120; i++) {
            targets[i] = random.nextInt(Problems.CLASSES);
            for (int k = 0; k < Problems.FEATURES; k++) {
                inputs[i][k] = (float) random.nextDouble(-1, 1);
            }
            weights[i] = i < 60 ? 1 : 0;
        }
        Dataset clean = Dataset.of(inputs, targets).take(60);
        Dataset dirty = Dataset.of(new Columns()
                .input(ColumnData.of(inputs))
                .target(ColumnData.of(targets))
                .sampleWeight(weights));
        assertEquals(sumsOfLosses(way, clean, 60), sumsOfLosses(way, dirty, 120), 1e-4);
    }

    /** Trains on all examples at once, and says what is left of the loss on the first 60. */
    private static double sumsOfLosses(Way way, Dataset data, int batch) {
        TrainerBuilder builder = Trainer.of(Problems.network())
                .loss(SparseCategoricalCrossentropy.fromLogits().reduction(Loss.Reduction.SUM))
                .optimizer(new Sgd(0.01))
                .seed(2);
        try (Trainer trainer = way.of(builder).build()) {
            trainer.fit(data.batch(batch), Fit.epochs(20));
            return trainer.evaluate(data.take(60).batch(60)).get("loss");
        }
    }

    @ParameterizedTest
    @EnumSource
    void classWeightsOfADatasetAreSampleWeights(Way way) {
        TrainerBuilder builder = Trainer.of(Problems.network())
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Sgd(0.01))
                .weightedMetrics(new SparseCategoricalAccuracy())
                .seed(2);
        try (Trainer trainer = way.of(builder).build()) {
            Dataset all = Problems.clusters(90);
            Map<String, Double> third = trainer.evaluate(
                    all.filter(example -> example.integers("target")[0] == 2).batch(30));
            Map<String, Double> weighted =
                    trainer.evaluate(all.classWeights(Map.of(0, 0, 1, 0, 2, 3)).batch(30));
            assertEquals(third.get("accuracy"), weighted.get("accuracy"), 1e-6);
            assertEquals(third.get("loss"), weighted.get("loss"), 1e-5);
        }
    }

    @Test
    void aLambdaAndAMetricThatTakeNoWeightsSaySo() {
        TrainerBuilder lambda = Trainer.of(zero())
                .loss((tf, target, prediction) -> tf.math.mean(prediction, tf.constant(new int[] {0, 1})))
                .optimizer(new Sgd(0.1));
        try (Trainer trainer = lambda.build()) {
            assertTrue(message(trainer).contains("extend PerSampleLoss"), message(trainer));
        }
        Metric plain = new Metric("plain") {
            @Override
            public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
                average(tf, prediction);
            }
        };
        TrainerBuilder metric = Trainer.of(zero())
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0.1))
                .weightedMetrics(plain);
        try (Trainer trainer = metric.build()) {
            assertTrue(message(trainer).contains("'plain'"), message(trainer));
        }
    }

    private static String message(Trainer trainer) {
        return assertThrows(RuntimeException.class, () -> trainer.evaluate(WEIGHTED.batch(2)))
                .getMessage();
    }
}
