package io.github.tapeloop.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.runtime.TapeSession;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What metrics refuse, and in which words. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MetricMistakesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterAll
    void close() {
        session.close();
    }

    static Stream<Arguments> options() {
        return Stream.of(
                option("threshold in (0, 1), got 1.0", () -> new BinaryAccuracy().threshold(1)),
                option("k of at least 1, got 0", () -> new TopKCategoricalAccuracy().k(0)),
                option("k of at least 1, got -1", () -> new SparseTopKCategoricalAccuracy().k(-1)),
                option("finite threshold, got NaN", () -> new BinaryIoU().threshold(Double.NaN)),
                option("numRegressors of at least 0, got -2", () -> new R2Score().numRegressors(-2)),
                option("thresholds in [0, 1], got -0.5", () -> new TruePositives().thresholds(-0.5)),
                option("number of thresholds of at least 1, got 0", () -> new FalseNegatives().thresholds()),
                option("ascending thresholds, got 0.5 before 0.5", () -> new TrueNegatives().thresholds(0.5, 0.5)),
                option("ascending thresholds, got 0.7 before 0.3", () -> new Precision().thresholds(0.7, 0.3)),
                option("topK of at least 1, got 0", () -> new Recall().topK(0)),
                option("classId of at least 0, got -1", () -> new Recall().classId(-1)),
                option("recall in [0, 1], got 1.1", () -> new PrecisionAtRecall(1.1)),
                option("precision in [0, 1], got -1.0", () -> new RecallAtPrecision(-1)),
                option("specificity in [0, 1], got 2.0", () -> new SensitivityAtSpecificity(2)),
                option("sensitivity in [0, 1], got 2.0", () -> new SpecificityAtSensitivity(2)),
                option("numThresholds of at least 2, got 1", () -> new PrecisionAtRecall(0.5).numThresholds(1)),
                option("numThresholds of at least 2, got 1", () -> new Auc().numThresholds(1)),
                option("Metric 'auc': expected numThresholds in [2, 16777216], got 16777217", () -> new Auc()
                        .numThresholds((1 << 24) + 1)),
                option("it would take 17.2 GB of the heap", () -> new RecallAtPrecision(0.5)
                        .numThresholds(Integer.MAX_VALUE)),
                option("thresholds in [0, 1], got 1.5", () -> new Auc().thresholds(0.5, 1.5)),
                option("beta above 0, got 0.0", () -> new FBetaScore(0)),
                option("threshold in (0, 1], got 0.0", () -> new F1Score().threshold(0)),
                option("numClasses in [1, 46340], got 0", () -> new MeanIoU(0)),
                option("number of targetClassIds of at least 1, got 0", () -> new IoU(3)),
                option("targetClassIds in [0, 2], got 3", () -> new OneHotIoU(3, 1, 3)),
                option("targetClassIds in [0, 1], got 2", () -> new BinaryIoU("iou", 2)));
    }

    private static Arguments option(String message, Runnable mistake) {
        return Arguments.of(message, mistake);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    void anOptionOutOfRangeIsRefused(String message, Runnable mistake) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, mistake::run);
        assertTrue(error.getMessage().contains(message), error.getMessage());
    }

    static Stream<Arguments> shapes() {
        return Stream.of(
                shapes(
                        Metric.of(new MeanSquaredError()),
                        Shape.of(4),
                        Shape.of(4, 2),
                        "targets shaped like the predictions, [4, 2]"),
                shapes(new BinaryAccuracy(), Shape.of(3, 2), Shape.of(4, 2), "got float32 [3, 2]"),
                shapes(new CategoricalAccuracy(), Shape.of(4), Shape.of(4), "[batch, …, classes], got float32 [4]"),
                shapes(new SparseCategoricalAccuracy(), Shape.of(3), Shape.of(4, 2), "a class number for each"),
                shapes(
                        Metric.of(SparseCategoricalCrossentropy.fromLogits()),
                        Shape.of(4, 2),
                        Shape.of(4, 2),
                        "use CategoricalCrossentropy"),
                shapes(
                        new SparseCategoricalAccuracy("hits"),
                        Shape.of(4, 2),
                        Shape.of(4, 2),
                        "use the categorical metric"),
                shapes(new SparseTopKCategoricalAccuracy(), Shape.of(4, 3), Shape.of(4, 2), "got float32 [4, 3]"),
                shapes(new MeanCosineSimilarity().axis(2), Shape.of(4, 2), Shape.of(4, 2), "expected one in [-2, 2)"),
                shapes(new PearsonCorrelation().axis(-3), Shape.of(4, 2), Shape.of(4, 2), "got -3"),
                shapes(new ConcordanceCorrelation(), Shape.of(3, 2), Shape.of(4, 2), "got float32 [3, 2]"),
                shapes(new R2Score(), Shape.of(4), Shape.of(4), "[batch, columns], got float32 [4]"),
                shapes(new F1Score(), Shape.of(4, 2, 2), Shape.of(4, 2, 2), "[batch, columns], got float32 [4, 2, 2]"),
                shapes(new F1Score(), Shape.of(4, 1), Shape.of(4, 1), "set threshold(0.5), got float32 [4, 1]"),
                shapes(new FBetaScore(2), Shape.of(4), Shape.of(4, 1), "set threshold(0.5), got float32 [4, 1]"),
                shapes(
                        new Precision().topK(3),
                        Shape.of(4, 2),
                        Shape.of(4, 2),
                        "topK of at most the number of classes"),
                shapes(new Precision().topK(3), Shape.of(4), Shape.of(4), "[batch, …, classes], got float32 [4]"),
                shapes(new Recall().classId(2), Shape.of(4, 2), Shape.of(4, 2), "classId 2, but there are 2 classes"),
                shapes(new Auc().multiLabel(true), Shape.of(4), Shape.of(4), "[batch, labels], got float32 [4]"),
                shapes(new Auc().labelWeights(1, 2), Shape.of(4, 3), Shape.of(4, 3), "2 labelWeights"),
                shapes(new MeanIoU(3), Shape.of(4, 2), Shape.of(4), "a class number for each prediction, [4]"),
                shapes(new OneHotMeanIoU(3), Shape.of(4, 5), Shape.of(4, 5), "expects 3 classes"));
    }

    private static Arguments shapes(Metric metric, Shape target, Shape prediction, String message) {
        return Arguments.of(metric, target, prediction, message);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("shapes")
    void shapesThatDoNotFitAreRefused(Metric metric, Shape target, Shape prediction, String message) {
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> metric.update(tf, zeros(target), zeros(prediction)));
        assertTrue(error.getMessage().contains("'" + metric.name() + "'"), error.getMessage());
        assertTrue(error.getMessage().contains(message), error.getMessage());
        assertEquals(0, metric.state().size(), "nothing was counted");
    }

    @Test
    void weightsThatDoNotFitAreRefused() {
        for (Shape weights : List.of(Shape.of(3), Shape.of(4, 3), Shape.of(4, 2, 2), Shape.of(2))) {
            Metric metric = new Accuracy();
            IllegalArgumentException error = assertThrows(
                    IllegalArgumentException.class,
                    () -> metric.update(tf, zeros(Shape.of(4, 2)), zeros(Shape.of(4, 2)), zeros(weights)));
            assertTrue(
                    error.getMessage().contains("a weight for each example of float32 [4, 2]")
                            || error.getMessage().contains("a weight for each example of float64 [4, 2]"),
                    error.getMessage());
            assertTrue(error.getMessage().contains("got float32 " + weights), error.getMessage());
        }
    }

    @Test
    void severalResultsAreNoResult() {
        Precision precision = new Precision().thresholds(0.25, 0.5);
        precision.update(tf, zeros(Shape.of(2)), zeros(Shape.of(2)));
        assertThrows(IllegalArgumentException.class, precision::result);
        assertEquals(2, precision.results().length);
    }

    private Operand<TFloat32> zeros(Shape shape) {
        return tf.fill(tf.constant(shape.asArray()), tf.constant(0f));
    }
}
