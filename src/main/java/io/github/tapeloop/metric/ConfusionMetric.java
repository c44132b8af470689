package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Concat;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.math.Cumsum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * A metric made of true and false positives and negatives at thresholds. A prediction is positive if it is greater
 * than the threshold, a target if it is not 0.
 *
 * <p>The state is a histogram: for negative and for positive targets, how many predictions lie between one threshold and the
 * next. So an update looks up each prediction once, whatever the number of thresholds; the counts at each threshold are
 * summed up when a result is asked for.
 */
abstract class ConfusionMetric extends WeightedMetric {

    /** What a histogram says of predictions beyond its outermost thresholds. */
    enum Ends {
        /** Nothing: there is one result for each threshold of the histogram. */
        OPEN,
        /** At one more threshold after the last, no prediction is positive. */
        NONE_ABOVE,
        /** As before, and at one more threshold before the first all predictions are positive. */
        ALL_BELOW_NONE_ABOVE
    }

    /** The counts at each threshold, float64 [thresholds, labels] each. */
    record Confusion(
            Operand<TFloat64> truePositives,
            Operand<TFloat64> falsePositives,
            Operand<TFloat64> trueNegatives,
            Operand<TFloat64> falseNegatives) {

        /** TP / (TP + FP), 0 if there are no positive predictions. */
        Operand<TFloat64> precision(Ops tf) {
            return share(tf, truePositives, falsePositives);
        }

        /** TP / (TP + FN), also known as sensitivity, 0 if there are no positive targets. */
        Operand<TFloat64> recall(Ops tf) {
            return share(tf, truePositives, falseNegatives);
        }

        /** TN / (TN + FP), 0 if there are no negative targets. */
        Operand<TFloat64> specificity(Ops tf) {
            return share(tf, trueNegatives, falsePositives);
        }

        /** FP / (FP + TN), 0 if there are no negative targets. */
        Operand<TFloat64> falsePositiveRate(Ops tf) {
            return share(tf, falsePositives, trueNegatives);
        }

        private static Operand<TFloat64> share(Ops tf, Operand<TFloat64> part, Operand<TFloat64> rest) {
            return tf.math.divNoNan(part, tf.math.add(part, rest));
        }
    }

    /** In (0.5, 1) float32 has 2^23 numbers. */
    private static final int MOST_THRESHOLDS = 1 << 24;

    private static final String HISTOGRAM = "histogram";

    private final Ends ends;
    private final Probabilities probabilities = new Probabilities(this);
    private double[] thresholds;

    ConfusionMetric(String name, Ends ends, double... thresholds) {
        super(name);
        this.ends = ends;
        this.thresholds = thresholds;
    }

    /** Replaces the thresholds, which must be in [0, 1] and ascending. */
    final void setThresholds(double... values) {
        settings.change(this, "thresholds");
        Require.atLeast(1, "number of thresholds", values.length);
        for (int i = 0; i < values.length; i++) {
            Require.probability("thresholds", values[i]);
            if (i > 0 && !(values[i - 1] < values[i])) {
                throw new IllegalArgumentException(
                        "Expected ascending thresholds, got " + values[i - 1] + " before " + values[i]);
            }
        }
        replaceThresholds(values.clone());
    }

    /** Checks a number of thresholds: closer ones tell no predictions apart, and take memory without end. */
    final int countOfThresholds(int count) {
        if (count > MOST_THRESHOLDS) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "Metric '%s': expected numThresholds in [2, %d], got %d: predictions in float32 are no closer to each"
                            + " other, and it would take %.1f GB of the heap",
                    name(),
                    MOST_THRESHOLDS,
                    count,
                    count / 1e9 * Double.BYTES));
        }
        return Require.atLeast(2, "numThresholds", count);
    }

    /** Replaces the thresholds, unchecked. */
    final void replaceThresholds(double... values) {
        this.thresholds = values;
    }

    /** The thresholds 0, 1 / (n - 1), 2 / (n - 1), … of n, without the first and the last. */
    static double[] between(int count) {
        return IntStream.range(1, count - 1).mapToDouble(i -> i / (count - 1.0)).toArray();
    }

    final void setFromLogits(boolean logits) {
        probabilities.fromLogits(logits);
    }

    @Override
    public final void beside(Loss loss) {
        probabilities.beside(loss);
    }

    @Override
    public final Loss.Scale predictionScale() {
        return probabilities.scale();
    }

    @Override
    public final Loss.Scale targetScale() {
        return Loss.Scale.PROBABILITIES;
    }

    /** What is compared with the thresholds, of probabilities; these themselves unless overridden. */
    Operand<TFloat32> scores(Ops tf, Operand<TFloat32> prediction, Weights weights) {
        return prediction;
    }

    /** Picks what counts out of targets and scores; all unless overridden. */
    Operand<TFloat32> selected(Ops tf, Operand<TFloat32> x) {
        return x;
    }

    /** How many columns have a histogram of their own; 1, for all together, unless overridden. */
    int labels(Operand<TFloat32> scores) {
        return 1;
    }

    /** The weight of each score; that of its example unless overridden. */
    Operand<TFloat64> weigh(Ops tf, Operand<TFloat32> scores, Weights weights) {
        return weights.over(tf, scores);
    }

    @Override
    final void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights) {
        Operand<TFloat32> wanted = selected(tf, Targets.like(tf, this, target, prediction));
        Operand<TFloat32> scores = selected(tf, scores(tf, probabilities.of(tf, prediction), weights));
        int labels = labels(scores);
        Operand<TFloat64> each = weigh(tf, scores, weights);
        int cells = cells(labels);
        Operand<TInt32> flat = tf.constant(new int[] {-1});
        Operand<TInt32> cell = tf.reshape(cells(tf, wanted, scores, labels), flat);
        Operand<TFloat64> counts = tf.math.unsortedSegmentSum(tf.reshape(each, flat), cell, tf.constant(cells));
        Operand<TFloat64> unknown = Weights.unknown(tf, Targets.unknown(tf, wanted, scores), each);
        state(tf, HISTOGRAM, Shape.of(cells)).assignAdd(tf, tf.math.add(counts, unknown));
    }

    private int cells(int labels) {
        long cells = 2L * bins() * labels;
        if (cells > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "Metric '" + name() + "' with " + thresholds.length + " thresholds for each of "
                            + labels + " labels would count in " + cells + " cells, "
                            + cells / 1e9 * Double.BYTES + " GB: take fewer thresholds");
        }
        return (int) cells;
    }

    private int bins() {
        return thresholds.length + 1;
    }

    /** The place in the histogram [2, bins, labels] that each score falls into. */
    private Operand<TInt32> cells(Ops tf, Operand<TFloat32> wanted, Operand<TFloat32> scores, int labels) {
        Operand<TInt32> row = tf.constant(new int[] {1, -1});
        Operand<TInt32> bin = tf.lowerBound(sorted(tf, scores.type()), tf.reshape(scores, row));
        Operand<TInt32> positive = Tensors.cast(tf, Tensors.cast(tf, wanted, TBool.class), TInt32.class);
        Operand<TInt32> first = tf.math.mul(tf.reshape(positive, row), tf.constant(bins()));
        Operand<TInt32> place = tf.math.add(first, bin);
        if (labels == 1) {
            return place;
        }
        Operand<TInt32> table = tf.reshape(place, tf.constant(new int[] {-1, labels}));
        int[] columns = IntStream.range(0, labels).toArray();
        return tf.math.add(tf.math.mul(table, tf.constant(labels)), tf.constant(columns));
    }

    private <T extends TNumber> Operand<T> sorted(Ops tf, Class<T> type) {
        return Tensors.cast(tf, tf.constant(new double[][] {thresholds}), type);
    }

    /** The counts so far at each threshold. */
    final Confusion confusion(Ops tf) {
        Operand<TFloat64> flat = state(tf, HISTOGRAM, Shape.of(2L * bins())).read(tf);
        Operand<TFloat64> histogram = tf.reshape(flat, tf.constant(new int[] {2, bins(), -1}));
        Operand<TFloat64> totals = tf.sum(histogram, tf.constant(1), Sum.keepDims(true));
        Operand<TFloat64> above =
                tf.math.cumsum(histogram, tf.constant(1), Cumsum.exclusive(true), Cumsum.reverse(true));
        // Summed up by itself: less what is above, rounding would leave something where there is nothing.
        Operand<TFloat64> below = tf.math.cumsum(histogram, tf.constant(1));
        Operand<TFloat64> positive =
                switch (ends) {
                    case OPEN -> allButLast(tf, above);
                    case NONE_ABOVE -> above; // Its last column, above all thresholds, is 0.
                    case ALL_BELOW_NONE_ABOVE -> Concat.create(tf.scope(), List.of(totals, above), tf.constant(1));
                };
        Operand<TFloat64> negative =
                switch (ends) {
                    case OPEN -> allButLast(tf, below);
                    case NONE_ABOVE -> below; // Its last column has all.
                    case ALL_BELOW_NONE_ABOVE ->
                        Concat.create(tf.scope(), List.of(tf.zerosLike(totals), below), tf.constant(1));
                };
        return new Confusion(row(tf, positive, 1), row(tf, positive, 0), row(tf, negative, 0), row(tf, negative, 1));
    }

    private Operand<TFloat64> allButLast(Ops tf, Operand<TFloat64> counts) {
        return tf.slice(counts, tf.constant(new int[3]), tf.constant(new int[] {2, bins() - 1, -1}));
    }

    private static Operand<TFloat64> row(Ops tf, Operand<TFloat64> table, int index) {
        return tf.gather(table, tf.constant(index), tf.constant(0));
    }

    /** Results at each threshold as a vector, or as a scalar if there is one threshold. */
    final Operand<TFloat64> perThreshold(Ops tf, Operand<TFloat64> values) {
        return tf.reshape(values, tf.constant(thresholds.length == 1 ? new int[0] : new int[] {-1}));
    }

    @Override
    public boolean higherIsBetter() {
        return true;
    }
}
