package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.BinaryFocalCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Auc;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.BinaryIoU;
import io.github.tapeloop.metric.CategoricalAccuracy;
import io.github.tapeloop.metric.F1Score;
import io.github.tapeloop.metric.FBetaScore;
import io.github.tapeloop.metric.FalseNegatives;
import io.github.tapeloop.metric.FalsePositives;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.Precision;
import io.github.tapeloop.metric.PrecisionAtRecall;
import io.github.tapeloop.metric.Recall;
import io.github.tapeloop.metric.RecallAtPrecision;
import io.github.tapeloop.metric.SensitivityAtSpecificity;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.metric.SpecificityAtSensitivity;
import io.github.tapeloop.metric.TrueNegatives;
import io.github.tapeloop.metric.TruePositives;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Metrics of probabilities beside a loss of logits: they give what they give beside the same probabilities. */
class LogitsInTrainersTest {

    /** None of them is on the other side of 1/2 as a logit and as a probability. */
    private static final float[][] LOGITS = {{-3}, {0.3f}, {-0.2f}, {2}, {0.4f}, {-1}};

    private static final float[][] LABELS = {{0}, {1}, {0}, {1}, {0}, {1}};

    static Stream<Arguments> metrics() {
        return Stream.<Supplier<Metric>>of(
                        BinaryAccuracy::new,
                        () -> new BinaryAccuracy().threshold(0.6),
                        TruePositives::new,
                        FalsePositives::new,
                        TrueNegatives::new,
                        () -> new FalseNegatives().thresholds(0.45),
                        Precision::new,
                        Recall::new,
                        () -> new PrecisionAtRecall(0.6),
                        () -> new RecallAtPrecision(0.6),
                        () -> new SensitivityAtSpecificity(0.6),
                        () -> new SpecificityAtSensitivity(0.6),
                        Auc::new,
                        () -> new F1Score().threshold(0.5),
                        () -> new FBetaScore(2).threshold(0.55),
                        BinaryIoU::new)
                .flatMap(metric -> Stream.of(Mode.values()).map(mode -> Arguments.of(metric.get(), metric, mode)));
    }

    /** Gives what it is given. */
    private static TrainerBuilder identity(Loss loss) {
        return Trainer.of(Sequential.of(new Lambda((pass, x) -> x))).loss(loss).optimizer(new Sgd());
    }

    private static double evaluate(Loss loss, Metric metric, Mode mode, float[][] x, float[][] y) {
        Batches data = Dataset.of(x, y).batch(2);
        try (Trainer trainer = mode.of(identity(loss).metrics(metric)).build()) {
            Map<String, Double> results = trainer.evaluate(data);
            return results.get(metric.name());
        }
    }

    private static float[][] sigmoid(float[][] x) {
        float[][] p = new float[x.length][1];
        for (int i = 0; i < x.length; i++) {
            p[i][0] = (float) (1 / (1 + Math.exp(-x[i][0])));
        }
        return p;
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("metrics")
    void aLossOfLogitsTellsItsMetrics(Metric named, Supplier<Metric> metric, Mode mode) {
        double expected =
                evaluate(BinaryCrossentropy.fromProbabilities(), metric.get(), Mode.OP_BY_OP, sigmoid(LOGITS), LABELS);
        assertEquals(expected, evaluate(BinaryCrossentropy.fromLogits(), metric.get(), mode, LOGITS, LABELS), 1e-12);
        assertEquals(
                expected, evaluate(BinaryFocalCrossentropy.fromLogits(), metric.get(), mode, LOGITS, LABELS), 1e-12);
    }

    @Test
    void whatALossThatZeroSeparatesGivesIsAllRight() {
        float[][] x = {{-0.1f}, {0.2f}, {-2}, {0.4f}};
        float[][] y = {{0}, {1}, {0}, {1}};
        for (Metric metric : new Metric[] {new BinaryAccuracy(), new Recall(), new Precision()}) {
            assertEquals(1, evaluate(BinaryCrossentropy.fromLogits(), metric, Mode.COMPILED, x, y), metric.name());
        }
    }

    @Test
    void logitsOfClassesAreTheirSoftmaxToThresholds() {
        float[][] x = {{2, 1, 0}, {0.2f, 0, 0.1f}, {-1, -3, -2}, {5, 5, 0}};
        float[][] y = {{1, 0, 0}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
        // Softmax above 0.4: {0.665}, none, {0.665}, {0.499, 0.499}; above their sigmoids nearly all would be.
        Metric precision = new Precision().thresholds(0.4);
        assertEquals(2 / 4.0, evaluate(CategoricalCrossentropy.fromLogits(), precision, Mode.CACHED, x, y), 1e-12);
        // Of negative logits, too, one is the highest; and 0 is a logit like others.
        float[][] low = {{0, -1, -2}, {-3, -4, -2}};
        float[][] right = {{1, 0, 0}, {0, 0, 1}};
        assertEquals(
                2 / 3.0,
                evaluate(CategoricalCrossentropy.fromLogits(), new F1Score(), Mode.COMPILED, low, right),
                1e-6,
                "no class 1");
    }

    @Test
    void aUsersWordCountsMoreThanTheLoss() {
        Metric metric = new BinaryAccuracy().fromLogits(false);
        float[][] x = {{0.4f}, {0.6f}};
        float[][] y = {{0}, {1}};
        assertEquals(1, evaluate(BinaryCrossentropy.fromLogits(), metric, Mode.CACHED, x, y));
        Loss lambda = (tf, target, prediction) -> tf.math.mean(prediction, tf.constant(new int[] {0, 1}));
        assertEquals(0.5, evaluate(lambda, new BinaryAccuracy().fromLogits(true), Mode.CACHED, x, y));
        assertEquals(1, evaluate(lambda, new BinaryAccuracy(), Mode.CACHED, x, y), "nothing is known of a lambda");
    }

    @Test
    void aMetricThatWasUsedCannotBeTakenForSomethingElse() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            BinaryAccuracy accuracy = new BinaryAccuracy();
            accuracy.update(
                    session.tf(),
                    session.tf().constant(new float[] {1}),
                    session.tf().constant(new float[] {0.7f}));
            accuracy.beside(BinaryCrossentropy.fromProbabilities());
            IllegalStateException late =
                    assertThrows(IllegalStateException.class, () -> accuracy.beside(BinaryCrossentropy.fromLogits()));
            assertTrue(late.getMessage().contains("BinaryAccuracy was used already"), late.getMessage());
        }
    }

    @Test
    void partsSayWhatTheyTake() {
        assertEquals(Loss.Scale.LOGITS, BinaryCrossentropy.fromLogits().predictionScale());
        assertEquals(Loss.Scale.PROBABILITIES, BinaryCrossentropy.fromLogits().targetScale());
        assertEquals(
                Loss.Scale.CLASS_LOGITS,
                SparseCategoricalCrossentropy.fromLogits().predictionScale());
        assertEquals(
                Loss.Scale.CLASS_NUMBERS,
                SparseCategoricalCrossentropy.fromLogits().targetScale());
        assertEquals(Loss.Scale.CLASS_SCORES, new SparseCategoricalAccuracy().predictionScale());
        assertEquals(Loss.Scale.CLASS_PROBABILITIES, new CategoricalAccuracy().targetScale());
        assertEquals(Loss.Scale.PROBABILITIES, new Precision().predictionScale());
        assertEquals(Loss.Scale.LOGITS, new Precision().fromLogits(true).predictionScale());
        assertEquals(
                Loss.Scale.CLASS_LOGITS,
                Metric.of(CategoricalCrossentropy.fromLogits()).predictionScale());
    }
}
