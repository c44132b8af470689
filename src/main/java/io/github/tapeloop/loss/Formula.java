package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What the formulas of losses have in common: constants in the type of an operand. */
final class Formula {

    /** Keeps numbers off places where a formula has none, as Keras does. */
    static final double EPSILON = 1e-7;

    /** Stands for infinity; times a weight it is still finite in float32. */
    private static final double HUGE = 1e30;

    private Formula() {}

    /** x as a constant in the type of an operand. */
    static Operand<TFloat32> constant(Ops tf, double x, Operand<TFloat32> like) {
        return Tensors.constant(tf, x, like.type());
    }

    /** 1 - x. */
    static Operand<TFloat32> oneMinus(Ops tf, Operand<TFloat32> x) {
        return tf.math.sub(constant(tf, 1, x), x);
    }

    /** A number times x. */
    static Operand<TFloat32> times(Ops tf, double factor, Operand<TFloat32> x) {
        return tf.math.mul(x, constant(tf, factor, x));
    }

    /** x and a number. */
    static Operand<TFloat32> plus(Ops tf, Operand<TFloat32> x, double summand) {
        return tf.math.add(x, constant(tf, summand, x));
    }

    /** The larger of x and a number. */
    static Operand<TFloat32> atLeast(Ops tf, Operand<TFloat32> x, double least) {
        return tf.math.maximum(x, constant(tf, least, x));
    }

    /** x kept between two numbers. */
    static Operand<TFloat32> clip(Ops tf, Operand<TFloat32> x, double low, double high) {
        return tf.clipByValue(x, constant(tf, low, x), constant(tf, high, x));
    }

    /** Logits or logarithms with finite numbers for infinite ones, such as those of masked classes: 0 times them is 0. */
    static Operand<TFloat32> bounded(Ops tf, Operand<TFloat32> x) {
        return clip(tf, x, -HUGE, HUGE);
    }

    /** Probabilities kept off 0 and 1: [1e-7, 1 - 1e-7]. */
    static Operand<TFloat32> clipProbabilities(Ops tf, Operand<TFloat32> p) {
        return clip(tf, p, EPSILON, 1 - EPSILON);
    }

    /** Targets moved towards a mean value: y (1 - smoothing) + smoothing · towards. */
    static Operand<TFloat32> smooth(Ops tf, Operand<TFloat32> target, double smoothing, double towards) {
        return smoothing == 0 ? target : plus(tf, times(tf, 1 - smoothing, target), smoothing * towards);
    }

    /** The sum over the last axis. */
    static Operand<TFloat32> lastAxisSum(Ops tf, Operand<TFloat32> x) {
        return tf.sum(x, tf.constant(-1));
    }
}
