package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceAll;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * What the means average, as Keras defines it: a value per element, or, where a formula sums over the last dimension, per
 * row. t is the target, p the prediction, both of one type and shape; ε is 1e-7.
 */
final class Formulas {

    /** Keeps logarithms and quotients finite, as in Keras. */
    static final double EPSILON = 1e-7;

    private Formulas() {}

    /** (p - t)². */
    static Operand<TFloat32> squaredError(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return tf.math.squaredDifference(prediction, target);
    }

    /** |p - t|. */
    static Operand<TFloat32> absoluteError(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return tf.math.abs(tf.math.sub(prediction, target));
    }

    /** 100 |t - p| / max(|t|, ε). */
    static Operand<TFloat32> absolutePercentageError(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> size = tf.math.maximum(tf.math.abs(target), number(tf, EPSILON, target));
        Operand<TFloat32> ratio = tf.math.abs(tf.math.div(tf.math.sub(target, prediction), size));
        return tf.math.mul(number(tf, 100, target), ratio);
    }

    /** (log(max(p, ε) + 1) - log(max(t, ε) + 1))². */
    static Operand<TFloat32> squaredLogarithmicError(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> least = number(tf, EPSILON, target);
        return tf.math.squaredDifference(
                tf.math.log1p(tf.math.maximum(prediction, least)), tf.math.log1p(tf.math.maximum(target, least)));
    }

    /** log(cosh(d)) of d = p - t, as d + softplus(-2d) - log 2, which does not overflow. */
    static Operand<TFloat32> logCosh(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> difference = tf.math.sub(prediction, target);
        Operand<TFloat32> tail = tf.math.softplus(tf.math.mul(difference, number(tf, -2, difference)));
        return tf.math.sub(tf.math.add(difference, tail), number(tf, Math.log(2), difference));
    }

    /** p - t log(p + ε). */
    static Operand<TFloat32> poisson(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> log = tf.math.log(tf.math.add(prediction, number(tf, EPSILON, prediction)));
        return tf.math.sub(prediction, tf.math.mul(target, log));
    }

    /** Σ t log(t / p) over the last dimension, both clipped to [ε, 1]. */
    static Operand<TFloat32> klDivergence(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> wanted = clip(tf, target, EPSILON, 1);
        Operand<TFloat32> ratio = tf.math.div(wanted, clip(tf, prediction, EPSILON, 1));
        return tf.sum(tf.math.mul(wanted, tf.math.log(ratio)), tf.constant(-1));
    }

    /** max(1 - t p, 0); labels 0 and 1 count as -1 and 1. */
    static Operand<TFloat32> hinge(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> margin = tf.math.mul(signs(tf, target), prediction);
        return tf.nn.relu(tf.math.sub(number(tf, 1, margin), margin));
    }

    /** The square of {@link #hinge}. */
    static Operand<TFloat32> squaredHinge(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return tf.math.square(hinge(tf, target, prediction));
    }

    /** max(max((1 - t) p) - Σ t p + 1, 0) over the last dimension. */
    static Operand<TFloat32> categoricalHinge(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> one = number(tf, 1, target);
        Operand<TFloat32> right = tf.sum(tf.math.mul(target, prediction), tf.constant(-1));
        Operand<TFloat32> wrong = tf.max(tf.math.mul(tf.math.sub(one, target), prediction), tf.constant(-1));
        return tf.nn.relu(tf.math.add(tf.math.sub(wrong, right), one));
    }

    /** -t log p - (1 - t) log(1 - p), p clipped to [ε, 1 - ε]. */
    static Operand<TFloat32> binaryCrossentropy(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> one = number(tf, 1, target);
        Operand<TFloat32> sure = clip(tf, prediction, EPSILON, 1 - EPSILON);
        Operand<TFloat32> yes = tf.math.mul(target, tf.math.log(sure));
        Operand<TFloat32> no = tf.math.mul(tf.math.sub(one, target), tf.math.log(tf.math.sub(one, sure)));
        return tf.math.neg(tf.math.add(yes, no));
    }

    /** The binary cross-entropy of sigmoid(x): max(x, 0) - x t + log(1 + exp(-|x|)). */
    static Operand<TFloat32> binaryCrossentropyOfLogits(Ops tf, Operand<TFloat32> target, Operand<TFloat32> logits) {
        Operand<TFloat32> linear = tf.math.sub(tf.nn.relu(logits), tf.math.mul(logits, target));
        return tf.math.add(linear, tf.math.softplus(tf.math.neg(tf.math.abs(logits))));
    }

    /** -Σ t log p over the last dimension, p first divided by its sum, then clipped to [ε, 1 - ε]. */
    static Operand<TFloat32> categoricalCrossentropy(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> sum = tf.sum(prediction, tf.constant(-1), Sum.keepDims(true));
        Operand<TFloat32> sure = clip(tf, tf.math.div(prediction, sum), EPSILON, 1 - EPSILON);
        return tf.math.neg(tf.sum(tf.math.mul(target, tf.math.log(sure)), tf.constant(-1)));
    }

    /** The cross-entropy of softmax(x) over the last dimension: -Σ t log softmax(x). */
    static Operand<TFloat32> categoricalCrossentropyOfLogits(
            Ops tf, Operand<TFloat32> target, Operand<TFloat32> logits) {
        return tf.math.neg(tf.sum(tf.math.mul(target, tf.nn.logSoftmax(logits)), tf.constant(-1)));
    }

    /** Σ t p / (|t| |p|) over an axis, lengths taken as ε at least. */
    static Operand<TFloat32> cosine(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction, int axis) {
        return tf.sum(tf.math.mul(unit(tf, target, axis), unit(tf, prediction, axis)), tf.constant(axis));
    }

    private static Operand<TFloat32> unit(Ops tf, Operand<TFloat32> x, int axis) {
        Operand<TFloat32> squares = tf.sum(tf.math.square(x), tf.constant(axis), Sum.keepDims(true));
        return tf.math.mul(x, tf.math.minimum(tf.math.rsqrt(squares), number(tf, 1 / EPSILON, x)));
    }

    /** The mean of the products of t and p, each less its mean and divided by its deviation + ε, over an axis. */
    static Operand<TFloat32> pearson(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction, int axis) {
        Operand<TFloat32> product = tf.math.mul(standard(tf, target, axis), standard(tf, prediction, axis));
        return tf.math.mean(product, tf.constant(axis));
    }

    private static Operand<TFloat32> standard(Ops tf, Operand<TFloat32> x, int axis) {
        Operand<TFloat32> centered = tf.math.sub(x, mean(tf, x, axis));
        Operand<TFloat32> deviation = tf.math.sqrt(mean(tf, tf.math.square(centered), axis));
        return tf.math.div(centered, tf.math.add(deviation, number(tf, EPSILON, x)));
    }

    /** 2 cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p))² + ε) over an axis. */
    static Operand<TFloat32> concordance(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction, int axis) {
        Operand<TFloat32> targetMean = mean(tf, target, axis);
        Operand<TFloat32> predictionMean = mean(tf, prediction, axis);
        Operand<TFloat32> t = tf.math.sub(target, targetMean);
        Operand<TFloat32> p = tf.math.sub(prediction, predictionMean);
        Operand<TFloat32> variances = mean(tf, tf.math.add(tf.math.square(t), tf.math.square(p)), axis);
        Operand<TFloat32> norm = tf.math.add(variances, tf.math.squaredDifference(targetMean, predictionMean));
        Operand<TFloat32> covariance = tf.math.mul(number(tf, 2, t), tf.math.mul(t, p));
        return tf.math.mean(tf.math.div(covariance, tf.math.add(norm, number(tf, EPSILON, norm))), tf.constant(axis));
    }

    /** A number in the type of an operand. */
    static Operand<TFloat32> number(Ops tf, double value, Operand<TFloat32> like) {
        return Tensors.constant(tf, value, like.type());
    }

    static Operand<TFloat32> clip(Ops tf, Operand<TFloat32> x, double low, double high) {
        return tf.clipByValue(x, number(tf, low, x), number(tf, high, x));
    }

    /** t (1 - s) + s / n: labels that are less sure, by a share s spread over n classes. */
    static Operand<TFloat32> smooth(Ops tf, Operand<TFloat32> target, double smoothing, long classes) {
        return smoothing == 0
                ? target
                : tf.math.add(
                        tf.math.mul(target, number(tf, 1 - smoothing, target)),
                        number(tf, smoothing / classes, target));
    }

    private static Operand<TFloat32> mean(Ops tf, Operand<TFloat32> x, int axis) {
        return tf.math.mean(x, tf.constant(axis), Mean.keepDims(true));
    }

    /** 2 t - 1 if all labels of the batch are 0 or 1, else t. */
    private static Operand<TFloat32> signs(Ops tf, Operand<TFloat32> labels) {
        Operand<TFloat32> one = number(tf, 1, labels);
        // Only 0 and 1 are their own squares.
        Operand<TBool> isBinary = tf.reduceAll(
                tf.math.equal(tf.math.square(labels), labels),
                axes(tf, Tensors.rank(labels)),
                ReduceAll.keepDims(false));
        Operand<TFloat32> signs = tf.math.sub(tf.math.mul(number(tf, 2, labels), labels), one);
        return tf.select(isBinary, signs, labels);
    }

    private static Operand<? extends TNumber> axes(Ops tf, int rank) {
        return tf.constant(java.util.stream.IntStream.range(0, rank).toArray());
    }
}
