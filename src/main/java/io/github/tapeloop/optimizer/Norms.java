package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Norms of gradients and weights, and the factors made of them, which the types of either cannot always hold. */
final class Norms {

    private Norms() {}

    /**
     * The Euclidean norm of all elements, in float64: the squares of narrower types neither overflow nor vanish there, and
     * those of float64 are taken of elements divided by the largest.
     *
     * @param tf makes ops
     * @param x a number of any floating point type and shape
     * @return a float64 scalar; infinite or NaN if an element is
     */
    @SuppressWarnings("unchecked") // The type was compared.
    static Operand<TFloat64> norm(Ops tf, Operand<? extends TNumber> x) {
        if (x.type() != TFloat64.class) {
            return rootOfTwice(tf, tf.nn.l2Loss(Tensors.cast(tf, x, TFloat64.class)));
        }
        Operand<TFloat64> flat = tf.reshape((Operand<TFloat64>) x, Tensors.constant(tf, new int[] {-1}));
        Operand<TFloat64> peak = offZero(tf, tf.reduceMax(tf.math.abs(flat), Tensors.constant(tf, 0)));
        return tf.math.mul(peak, rootOfTwice(tf, tf.nn.l2Loss(tf.math.div(flat, peak))));
    }

    /** Half the sum of squares is one op. */
    private static Operand<TFloat64> rootOfTwice(Ops tf, Operand<TFloat64> half) {
        return tf.math.sqrt(tf.math.mul(half, Tensors.constant(tf, 2.0)));
    }

    /** What can be divided by, and multiplied with again. */
    private static Operand<TFloat64> offZero(Ops tf, Operand<TFloat64> peak) {
        return tf.clipByValue(peak, Tensors.constant(tf, Double.MIN_NORMAL), Tensors.constant(tf, Double.MAX_VALUE));
    }

    /**
     * Multiplies by a factor that need not fit into the type, as one that brings an enormous norm down to 1: in two steps, each of
     * which does.
     *
     * @param tf makes ops
     * @param x of any floating point type
     * @param factor at least 0, of a shape that goes with x
     * @param <T> the type of x
     * @return the product; x itself, bit for bit, for a factor of 1
     */
    static <T extends TNumber> Operand<T> times(Ops tf, Operand<T> x, Operand<TFloat64> factor) {
        if (x.type() == TFloat64.class) {
            return tf.math.mul(x, Tensors.cast(tf, factor, x.type()));
        }
        Operand<TFloat64> first = tf.clipByValue(
                factor, Tensors.constant(tf, 0x1p-126), Tensors.constant(tf, 0x1p126)); // Normal in float32.
        Operand<TFloat64> second = tf.math.div(factor, first);
        return tf.math.mul(tf.math.mul(x, Tensors.cast(tf, first, x.type())), Tensors.cast(tf, second, x.type()));
    }
}
