package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * What correlations average, as Keras defines it, one value for each row; and numbers in the type of an operand. t is the
 * target, p the prediction, both of one type and shape; ε is 1e-7.
 */
final class Formulas {

    /** Keeps logarithms and quotients finite, as in Keras. */
    static final double EPSILON = 1e-7;

    private Formulas() {}

    /** The mean of the products of t and p, each less its mean and divided by its deviation + ε, over an axis. */
    static Operand<TFloat64> pearson(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction, int axis) {
        Operand<TFloat64> product =
                tf.math.mul(standard(tf, exact(tf, target), axis), standard(tf, exact(tf, prediction), axis));
        return tf.math.mean(product, tf.constant(axis));
    }

    private static Operand<TFloat64> standard(Ops tf, Operand<TFloat64> x, int axis) {
        Operand<TFloat64> centered = tf.math.sub(x, mean(tf, x, axis));
        Operand<TFloat64> deviation = tf.math.sqrt(mean(tf, tf.math.square(centered), axis));
        return tf.math.div(centered, tf.math.add(deviation, tf.constant(EPSILON)));
    }

    /** 2 cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p))² + ε) over an axis. */
    static Operand<TFloat64> concordance(Ops tf, Operand<TFloat32> target, Operand<TFloat32> prediction, int axis) {
        Operand<TFloat64> targetMean = mean(tf, exact(tf, target), axis);
        Operand<TFloat64> predictionMean = mean(tf, exact(tf, prediction), axis);
        Operand<TFloat64> t = tf.math.sub(exact(tf, target), targetMean);
        Operand<TFloat64> p = tf.math.sub(exact(tf, prediction), predictionMean);
        Operand<TFloat64> variances = mean(tf, tf.math.add(tf.math.square(t), tf.math.square(p)), axis);
        Operand<TFloat64> norm = tf.math.add(variances, tf.math.squaredDifference(targetMean, predictionMean));
        Operand<TFloat64> covariance = tf.math.mul(tf.constant(2.0), tf.math.mul(t, p));
        return tf.math.mean(tf.math.div(covariance, tf.math.add(norm, tf.constant(EPSILON))), tf.constant(axis));
    }

    /** A number in the type of an operand. */
    static Operand<TFloat32> number(Ops tf, double value, Operand<TFloat32> like) {
        return Tensors.constant(tf, value, like.type());
    }

    /** In float64: a mean in float32 is off by more than what small deviations from it are. */
    private static Operand<TFloat64> exact(Ops tf, Operand<TFloat32> x) {
        return Tensors.cast(tf, x, TFloat64.class);
    }

    private static Operand<TFloat64> mean(Ops tf, Operand<TFloat64> x, int axis) {
        return tf.math.mean(x, tf.constant(axis), Mean.keepDims(true));
    }
}
