package io.github.tapeloop.measure;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Max;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * Euclidean norms along some axes, which stay as ones. Squares of numbers that a type holds may be too large or too small for
 * it, so the numbers are multiplied by a power of two first where that is so: others keep all their bits.
 *
 * @param scale the power of two of each norm, 1 for most
 * @param scaled the numbers times the scale
 * @param squares the sum of the squares of these
 */
public record Norms(Operand<TFloat32> scale, Operand<TFloat32> scaled, Operand<TFloat32> squares) {

    /**
     * Squares and sums them.
     *
     * @param x float32 or float64
     */
    public static Norms of(Ops tf, Operand<TFloat32> x, int... axes) {
        Class<TFloat32> type = x.type();
        boolean single = type == TFloat32.class;
        int limit = single ? 50 : 400;
        int step = single ? 90 : 700;
        Operand<TFloat32> largest = tf.max(tf.math.abs(x), tf.constant(axes), Max.keepDims(true));
        Operand<TFloat32> scale = tf.select(
                tf.math.greater(largest, power(tf, limit, type)),
                power(tf, -step, type),
                tf.select(tf.math.less(largest, power(tf, -limit, type)), power(tf, step, type), power(tf, 0, type)));
        Operand<TFloat32> scaled = tf.math.mul(x, scale);
        return new Norms(scale, scaled, tf.sum(tf.math.square(scaled), tf.constant(axes), Sum.keepDims(true)));
    }

    /**
     * The same of directions only: an x that is not longer than a floor has no slope, since that would be one over its norm and throw
     * what comes before it off with one step.
     *
     * @param x float32 or float64
     * @param floor a norm above 0
     */
    public static Norms ofDirections(Ops tf, Operand<TFloat32> x, double floor, int... axes) {
        Norms norms = of(tf, x, axes);
        Operand<TBool> above = norms.above(tf, floor);
        return new Norms(
                norms.scale,
                tf.select(above, norms.scaled, tf.stopGradient(norms.scaled)),
                tf.select(above, norms.squares, tf.stopGradient(norms.squares)));
    }

    /** 1 / the norm of the scaled numbers; 1 where that is 0. */
    public Operand<TFloat32> inverse(Ops tf) {
        Operand<TBool> some = tf.math.greater(squares, Tensors.constant(tf, 0, squares.type()));
        return tf.math.rsqrt(tf.select(some, squares, Tensors.constant(tf, 1, squares.type())));
    }

    /** Which norms are larger than a floor. */
    private Operand<TBool> above(Ops tf, double floor) {
        return tf.math.greater(
                squares, tf.math.square(tf.math.mul(scale, Tensors.constant(tf, floor, squares.type()))));
    }

    private static Operand<TFloat32> power(Ops tf, int exponent, Class<TFloat32> type) {
        return Tensors.constant(tf, Math.scalb(1.0, exponent), type);
    }

    /** The norms. Their slope at 0 is infinite. */
    public Operand<TFloat32> norms(Ops tf) {
        return tf.math.div(tf.math.sqrt(squares), scale);
    }

    /**
     * x / max(‖x‖, floor). What is not longer than the floor has no slope: it would be 1 / floor, which throws what comes before it
     * off with one step.
     */
    public static Operand<TFloat32> unit(Ops tf, Operand<TFloat32> x, double floor, int... axes) {
        Class<TFloat32> type = x.type();
        Norms norms = of(tf, x, axes);
        Operand<TBool> above = norms.above(tf, floor);
        // Neither branch has an infinite slope where it is not taken, nor has its slope.
        Operand<TFloat32> inverse = tf.math.rsqrt(tf.select(above, norms.squares(), Tensors.constant(tf, 1, type)));
        Operand<TFloat32> small = tf.stopGradient(tf.math.mul(x, Tensors.constant(tf, 1 / floor, type)));
        return tf.select(above, tf.math.mul(norms.scaled(), inverse), small);
    }
}
