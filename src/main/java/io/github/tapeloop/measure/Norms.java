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
        Operand<TFloat32> largest = largest(tf, x, axes);
        Operand<TFloat32> small = tf.select(
                tf.math.less(largest, power(tf, -limit(type), type)), power(tf, step(type), type), power(tf, 0, type));
        return scaled(tf, x, downscale(tf, largest, small), axes);
    }

    /**
     * The same, but that small numbers are left as they are: for who takes what is shorter than a floor for as long as that.
     *
     * @param x float32 or float64
     */
    public static Norms ofLarge(Ops tf, Operand<TFloat32> x, int... axes) {
        return scaled(tf, x, downscale(tf, largest(tf, x, axes), power(tf, 0, x.type())), axes);
    }

    private static Operand<TFloat32> largest(Ops tf, Operand<TFloat32> x, int... axes) {
        return tf.max(tf.math.abs(x), tf.constant(axes), Max.keepDims(true));
    }

    private static Operand<TFloat32> downscale(Ops tf, Operand<TFloat32> largest, Operand<TFloat32> otherwise) {
        Class<TFloat32> type = largest.type();
        return tf.select(
                tf.math.greater(largest, power(tf, limit(type), type)), power(tf, -step(type), type), otherwise);
    }

    /** Numbers beyond this power of two, or its inverse, are scaled. */
    private static int limit(Class<TFloat32> type) {
        return type == TFloat32.class ? 50 : 400;
    }

    private static int step(Class<TFloat32> type) {
        return type == TFloat32.class ? 90 : 700;
    }

    private static Norms scaled(Ops tf, Operand<TFloat32> x, Operand<TFloat32> scale, int... axes) {
        Operand<TFloat32> scaled = tf.math.mul(x, scale);
        return new Norms(scale, scaled, tf.sum(tf.math.square(scaled), tf.constant(axes), Sum.keepDims(true)));
    }

    /**
     * 1 / max(‖x‖, floor) of the scaled numbers: what is shorter has that slope, too, so that what begins at 0 can leave it.
     *
     * @param floor a norm whose square every type holds
     */
    public Operand<TFloat32> inverse(Ops tf, double floor) {
        Operand<TFloat32> least = tf.math.square(tf.math.mul(scale, Tensors.constant(tf, floor, squares.type())));
        return tf.math.rsqrt(tf.select(tf.math.less(squares, least), least, squares));
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
