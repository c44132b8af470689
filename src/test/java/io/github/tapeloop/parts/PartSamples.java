package io.github.tapeloop.parts;

import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.Circle;
import io.github.tapeloop.loss.Dice;
import io.github.tapeloop.loss.Hinge;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.loss.Tversky;
import io.github.tapeloop.metric.Auc;
import io.github.tapeloop.metric.BinaryIoU;
import io.github.tapeloop.metric.F1Score;
import io.github.tapeloop.metric.FBetaScore;
import io.github.tapeloop.metric.IoU;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.Precision;
import io.github.tapeloop.metric.PrecisionAtRecall;
import io.github.tapeloop.metric.R2Score;
import io.github.tapeloop.metric.Recall;
import io.github.tapeloop.metric.TopKCategoricalAccuracy;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;

/** Every loss and metric, each with four samples that it takes: those found by reflection, and some settings beside. */
final class PartSamples {

    private static final double[] PROBABILITIES = {0.2, 0.7, 0.1, 0.5, 0.25, 0.25, 0.9, 0.05, 0.05, 0.3, 0.3, 0.4};
    private static final double[] ONE_HOT = {0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1};
    private static final double[] CLASSES = {1, 0, 1, 0};
    private static final double[] LOGITS = new double[60];
    private static final double[] LABELS = {1, 2, 2, 0, 1, 1, 2, 1};

    static {
        Arrays.setAll(LOGITS, i -> Math.sin(3 * i));
    }

    private PartSamples() {}

    /**
     * Four samples, one after the other.
     *
     * @param targets in their shape, class numbers if {@code whole}
     */
    record Sample(double[] targets, Shape target, boolean whole, double[] predictions, Shape prediction) {

        int predictionsOfOne() {
            return (int) (prediction.size() / prediction.get(0));
        }

        /** Another number in all predictions of a sample, and in its targets; a class that is none for class numbers. */
        Sample with(int sample, double what, boolean targetsToo) {
            double[] given = predictions.clone();
            int size = predictionsOfOne();
            Arrays.fill(given, sample * size, (sample + 1) * size, what);
            double[] wanted = targets.clone();
            if (targetsToo) {
                int each = targets.length / (int) target.get(0);
                Arrays.fill(wanted, sample * each, (sample + 1) * each, whole ? 77 : what);
            }
            return new Sample(wanted, target, whole, given, prediction);
        }

        Sample without(int sample) {
            return new Sample(
                    rest(targets, sample, (int) target.get(0)),
                    target.tail().prepend(target.get(0) - 1),
                    whole,
                    rest(predictions, sample, (int) prediction.get(0)),
                    prediction.tail().prepend(prediction.get(0) - 1));
        }

        private static double[] rest(double[] values, int sample, int samples) {
            int each = values.length / samples;
            double[] rest = new double[values.length - each];
            System.arraycopy(values, 0, rest, 0, sample * each);
            System.arraycopy(values, (sample + 1) * each, rest, sample * each, rest.length - sample * each);
            return rest;
        }

        List<Operand<?>> operands(Ops tf, PartRun run) {
            Operand<?> wanted = run.constant(tf, target, targets);
            return List.of(
                    whole ? Tensors.cast(tf, wanted, TInt32.class) : wanted, run.constant(tf, prediction, predictions));
        }
    }

    /** A part with samples that it takes. */
    record Case<T>(String name, Supplier<T> make, Sample samples, boolean targetsToo) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static List<Sample> kinds() {
        Shape rows = Shape.of(4, 3);
        return List.of(
                new Sample(ONE_HOT, rows, false, PROBABILITIES, rows),
                new Sample(CLASSES, Shape.of(4), true, PROBABILITIES, rows),
                new Sample(LABELS, Shape.of(4, 2), true, LOGITS, Shape.of(4, 5, 3)));
    }

    private static <T> Case<T> fitting(String name, Supplier<T> make) {
        PartRun run = new PartRun(false, false);
        for (Sample samples : kinds()) {
            try (var session = run.open()) {
                List<Operand<?>> in = samples.operands(session.tf(), run);
                LossesAndMetrics.use(session.tf(), make.get(), LossesAndMetrics.Data.of(in.get(0), in.get(1)));
                return new Case<>(name, make, samples, true);
            } catch (IllegalArgumentException e) {
                continue; // Another kind.
            }
        }
        throw new AssertionError(name + " takes none of the samples");
    }

    /** Losses that have a value for each sample. */
    static Stream<Case<PerSampleLoss>> losses() {
        return Found.LOSSES.stream();
    }

    /** All metrics, and losses as metrics. */
    static Stream<Case<Metric>> metrics() {
        return Found.METRICS.stream();
    }

    /** Looked for once: each part is tried with the samples. */
    private static final class Found {
        private static final List<Case<PerSampleLoss>> LOSSES = findLosses();
        private static final List<Case<Metric>> METRICS = findMetrics();
    }

    private static List<Case<PerSampleLoss>> findLosses() {
        List<Case<PerSampleLoss>> cases = new ArrayList<>();
        Parts.classes(Loss.class).flatMap(LossesAndMetrics::waysToMake).forEach(part -> {
            if (part.type() != Dice.class && part.type() != Tversky.class) {
                cases.add(fitting(
                        part.toString(), () -> (PerSampleLoss) part.make().get()));
            }
        });
        cases.add(fitting("Dice.axis", () -> new Dice().axis(1)));
        cases.add(fitting("Tversky.axis", () -> new Tversky().axis(-1)));
        cases.add(fitting(
                "ignoreClass", () -> SparseCategoricalCrossentropy.fromLogits().ignoreClass(77)));
        cases.add(fitting("ignoreClass -1", () -> SparseCategoricalCrossentropy.fromProbabilities()
                .ignoreClass(-1)));
        cases.add(fitting("smooth", () -> CategoricalCrossentropy.fromLogits().labelSmoothing(0.1)));
        cases.add(fitting(
                "smooth labels", () -> BinaryCrossentropy.fromProbabilities().labelSmoothing(0.1)));
        cases.add(fitting(
                "Circle with itself", () -> new Circle().removeDiagonal(false).gamma(2)));
        return cases;
    }

    private static List<Case<Metric>> findMetrics() {
        List<Case<Metric>> cases = new ArrayList<>();
        Parts.classes(Metric.class)
                .flatMap(LossesAndMetrics::waysToMake)
                .filter(part -> part.type().getConstructors().length > 0)
                .forEach(part -> cases.add(
                        fitting(part.toString(), () -> (Metric) part.make().get())));
        cases.add(fitting("Precision topK", () -> new Precision().topK(2)));
        cases.add(fitting("Recall topK thresholds", () -> new Recall().topK(1).thresholds(0.1, 0.6)));
        cases.add(fitting("Precision thresholds", () -> new Precision().thresholds(0.1, 0.6)));
        cases.add(fitting("PrecisionAtRecall 1", () -> new PrecisionAtRecall(1).numThresholds(20)));
        for (Auc.Curve curve : Auc.Curve.values()) {
            for (Auc.Summation summation : Auc.Summation.values()) {
                cases.add(fitting(
                        "Auc " + curve + " " + summation,
                        () -> new Auc().curve(curve).summation(summation)));
            }
            cases.add(
                    fitting("Auc labels " + curve, () -> new Auc().curve(curve).multiLabel(true)));
        }
        cases.add(fitting("Auc fromLogits", () -> new Auc().fromLogits(true)));
        for (FBetaScore.Average average : FBetaScore.Average.values()) {
            cases.add(fitting("F1Score " + average, () -> new F1Score().average(average)));
        }
        cases.add(fitting("F1Score threshold", () -> new F1Score().threshold(0.3)));
        cases.add(fitting("R2Score columns", () -> new R2Score().aggregation(R2Score.Aggregation.NONE)));
        cases.add(fitting(
                "R2Score weighted", () -> new R2Score().aggregation(R2Score.Aggregation.VARIANCE_WEIGHTED_AVERAGE)));
        cases.add(fitting(
                "IoU of scores", () -> new IoU(3, 0, 1).sparseTarget(false).sparsePrediction(false)));
        cases.add(fitting("BinaryIoU threshold", () -> new BinaryIoU().threshold(0.2)));
        cases.add(fitting("TopK 1", () -> new TopKCategoricalAccuracy().k(1)));
        cases.add(fitting("Hinge", () -> Metric.of(new Hinge())));
        losses().forEach(loss -> cases.add(new Case<>(
                "Metric.of " + loss.name(), () -> Metric.of(loss.make().get()), loss.samples(), true)));
        return cases;
    }
}
