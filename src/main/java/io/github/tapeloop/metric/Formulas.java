package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat32;

/**
 * What correlations average, as Keras defines it, one value for each row; and numbers in the type of an operand. t is the
 * target, p the prediction, both of one type and shape; ε is 1e-7.
 */
final class Formulas {

    /** Keeps logarithms and quotients finite, as in Keras. */
    static final double EPSILON = 1e-7;

    private Formulas() {}

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

    private static Operand<TFloat32> mean(Ops tf, Operand<TFloat32> x, int axis) {
        return tf.math.mean(x, tf.constant(axis), Mean.keepDims(true));
    }
}
