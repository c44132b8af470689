package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * The area under a curve of a binary classifier: ROC, true against false positive rate, unless set otherwise. It is a sum
 * over thresholds, 200 evenly spaced ones from just below 0 to just above 1 unless set, so it is as exact as predictions
 * are spread over [0, 1]. Keras' {@code AUC}.
 *
 * <p>Targets are 0 and 1, predictions probabilities, both [batch, …]; all elements count alike unless
 * {@link #multiLabel} is set.
 */
public final class Auc extends ConfusionMetric {

    /** Which curve. */
    public enum Curve {
        /** The true positive rate over the false positive rate. */
        ROC,
        /** Precision over recall. */
        PR
    }

    /** How the area between two thresholds is computed. */
    public enum Summation {
        /**
         * The mean height; for {@link Curve#PR} true and false positives are interpolated rather than the precision
         * (Davis and Goadrich 2006, section 4).
         */
        INTERPOLATION,
        /** The lower height: a lower bound. */
        MINORING,
        /** The higher height: an upper bound. */
        MAJORING
    }

    private Curve curve = Curve.ROC;
    private Summation summation = Summation.INTERPOLATION;
    private boolean multiLabel;
    private double[] labelWeights = {};

    /** Creates a metric named {@code auc}. */
    public Auc() {
        this("auc");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public Auc(String name) {
        super(name, Ends.ALL_BELOW_NONE_ABOVE, between(200));
    }

    /**
     * How many evenly spaced thresholds there are; 200 unless set.
     *
     * @param count from 2 to 2^24: float32 predictions are no closer to each other
     * @return this
     */
    public Auc numThresholds(int count) {
        settings.change(this, "numThresholds");
        replaceThresholds(between(countOfThresholds(count)));
        return this;
    }

    /**
     * Thresholds of one's own. Just below 0 and just above 1 there are two more.
     *
     * @param values in [0, 1], ascending
     * @return this
     */
    public Auc thresholds(double... values) {
        setThresholds(values);
        return this;
    }

    /**
     * The curve; ROC unless set.
     *
     * @param kind ROC or PR
     * @return this
     */
    public Auc curve(Curve kind) {
        settings.change(this, "curve");
        this.curve = Objects.requireNonNull(kind, "kind");
        return this;
    }

    /**
     * The sum that approximates the area; interpolation unless set.
     *
     * @param method one of three
     * @return this
     */
    public Auc summation(Summation method) {
        settings.change(this, "summation");
        this.summation = Objects.requireNonNull(method, "method");
        return this;
    }

    /**
     * Whether each column of [batch, labels] has a curve of its own, and the result is the mean of the areas; all are
     * thrown together unless set.
     *
     * @param separate true for several labels, which exclude each other or not
     * @return this
     */
    public Auc multiLabel(boolean separate) {
        settings.change(this, "multiLabel");
        this.multiLabel = separate;
        return this;
    }

    /**
     * Weights of the labels: of their areas with {@link #multiLabel}, else of their predictions.
     *
     * @param weights a weight for each column of the predictions
     * @return this
     */
    public Auc labelWeights(double... weights) {
        settings.change(this, "labelWeights");
        this.labelWeights = weights.clone();
        return this;
    }

    /**
     * Whether predictions are logits, each by itself. In a trainer it need not be said: there the loss says it.
     *
     * @param logits true for models whose last layer has no sigmoid; thresholds are of probabilities all the same
     * @return this
     */
    public Auc fromLogits(boolean logits) {
        setFromLogits(logits);
        return this;
    }

    @Override
    int labels(Operand<TFloat32> scores) {
        Shape shape = Tensors.shape(scores);
        boolean isTable = shape.numDimensions() == 2 && shape.get(1) != Shape.UNKNOWN_SIZE;
        if (multiLabel && !isTable) {
            throw new IllegalArgumentException("Metric '" + name()
                    + "' with multiLabel expects predictions [batch, labels], got " + Tensors.describe(scores));
        }
        if (labelWeights.length > 0 && (!isTable || labelWeights.length != shape.get(1))) {
            throw new IllegalArgumentException("Metric '" + name() + "' has " + labelWeights.length
                    + " labelWeights, which do not fit predictions " + Tensors.describe(scores));
        }
        return multiLabel ? (int) shape.get(1) : 1;
    }

    @Override
    Operand<TFloat64> weigh(Ops tf, Operand<TFloat32> scores, Weights weights) {
        Operand<TFloat64> each = weights.over(tf, scores);
        if (labelWeights.length == 0) {
            return each;
        }
        double[] ofLabels = multiLabel // Of areas; what has none is left out.
                ? Arrays.stream(labelWeights).map(weight -> weight == 0 ? 0 : 1).toArray()
                : labelWeights;
        return tf.math.mul(each, tf.constant(ofLabels));
    }

    @Override
    protected Operand<? extends TNumber> compute(Ops tf) {
        Confusion counts = confusion(tf);
        boolean byCounts = curve == Curve.PR && summation == Summation.INTERPOLATION;
        Operand<TFloat64> areas = byCounts ? interpolatedPrecision(tf, counts) : rectangles(tf, counts);
        Operand<TFloat64> byLabel = tf.sum(areas, tf.constant(0));
        if (!multiLabel || labelWeights.length == 0) {
            return tf.math.mean(byLabel, tf.constant(0));
        }
        Operand<TFloat64> weights = tf.constant(labelWeights);
        return tf.math.divNoNan(tf.sum(tf.math.mul(byLabel, weights), tf.constant(0)), tf.sum(weights, tf.constant(0)));
    }

    private Operand<TFloat64> rectangles(Ops tf, Confusion counts) {
        Operand<TFloat64> recall = counts.recall(tf);
        Operand<TFloat64> x = curve == Curve.ROC ? counts.falsePositiveRate(tf) : recall;
        Operand<TFloat64> y = curve == Curve.ROC ? recall : counts.precision(tf);
        Operand<TFloat64> left = lower(tf, y);
        Operand<TFloat64> right = upper(tf, y);
        Operand<TFloat64> height =
                switch (summation) {
                    case INTERPOLATION -> tf.math.div(tf.math.add(left, right), tf.constant(2.0));
                    case MINORING -> tf.math.minimum(left, right);
                    case MAJORING -> tf.math.maximum(left, right);
                };
        return tf.math.mul(tf.math.sub(lower(tf, x), upper(tf, x)), height);
    }

    /**
     * The integral of the precision over the recall, with true positives and all positives P linear between thresholds A
     * (lower) and B: slope (ΔTP + (TP_B - slope P_B) log(P_A / P_B)) / (TP + FN), where slope is ΔTP / ΔP.
     */
    private static Operand<TFloat64> interpolatedPrecision(Ops tf, Confusion counts) {
        Operand<TFloat64> zero = tf.constant(0.0);
        Operand<TFloat64> hits = counts.truePositives();
        Operand<TFloat64> positives = tf.math.add(hits, counts.falsePositives());
        Operand<TFloat64> hitsGained = tf.math.sub(lower(tf, hits), upper(tf, hits));
        Operand<TFloat64> from = lower(tf, positives);
        Operand<TFloat64> to = upper(tf, positives);
        Operand<TFloat64> slope = tf.math.divNoNan(hitsGained, tf.math.maximum(tf.math.sub(from, to), zero));
        Operand<TFloat64> intercept = tf.math.sub(upper(tf, hits), tf.math.mul(slope, to));
        // Where one of the two is 0 the logarithm counts as 0: the precision is constant there.
        Operand<TFloat64> ratio = tf.select(
                tf.math.greater(tf.math.minimum(from, to), zero), tf.math.divNoNan(from, to), tf.onesLike(to));
        Operand<TFloat64> area =
                tf.math.mul(slope, tf.math.add(hitsGained, tf.math.mul(intercept, tf.math.log(ratio))));
        return tf.math.divNoNan(area, upper(tf, tf.math.add(hits, counts.falseNegatives())));
    }

    /** The values at all thresholds but the last. */
    private static Operand<TFloat64> lower(Ops tf, Operand<TFloat64> values) {
        long rows = Tensors.shape(values).get(0) - 1;
        return tf.slice(values, tf.constant(new long[] {0, 0}), tf.constant(new long[] {rows, -1}));
    }

    /** The values at all thresholds but the first. */
    private static Operand<TFloat64> upper(Ops tf, Operand<TFloat64> values) {
        return tf.slice(values, tf.constant(new long[] {1, 0}), tf.constant(new long[] {-1, -1}));
    }
}
