package io.github.tapeloop.layer;

import io.github.tapeloop.measure.Norms;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;

/**
 * A penalty on a weight or on the output of a layer, which is added to the loss. Factors default to .01, as in Keras 3.
 */
@FunctionalInterface
public interface Regularizer {

    /** Which vectors of a matrix are to be orthogonal. */
    enum Mode {
        /** Its rows. */
        ROWS,
        /** Its columns. */
        COLUMNS
    }

    /**
     * Computes the penalty.
     *
     * @param tf makes ops
     * @param x float32 of any shape
     * @return a float32 scalar
     */
    Operand<TFloat32> penalty(Ops tf, Operand<TFloat32> x);

    /**
     * .01 Σ|x|.
     *
     * @return a regularizer
     */
    static Regularizer l1() {
        return l1(0.01);
    }

    /**
     * l1 Σ|x|.
     *
     * @param l1 the factor, at least 0
     * @return a regularizer
     */
    static Regularizer l1(double l1) {
        return l1l2(l1, 0);
    }

    /**
     * .01 Σx².
     *
     * @return a regularizer
     */
    static Regularizer l2() {
        return l2(0.01);
    }

    /**
     * l2 Σx².
     *
     * @param l2 the factor, at least 0
     * @return a regularizer
     */
    static Regularizer l2(double l2) {
        return l1l2(0, l2);
    }

    /**
     * l1 Σ|x| + l2 Σx².
     *
     * @param l1 factor of the sum of absolute values, at least 0
     * @param l2 factor of the sum of squares, at least 0
     * @return a regularizer
     */
    static Regularizer l1l2(double l1, double l2) {
        double first = Require.notNegative("regularizer factor l1", l1);
        double second = Require.notNegative("regularizer factor l2", l2);
        return Named.regularizer("l1l2(" + l1 + ", " + l2 + ")", (tf, x) -> {
            Operand<TFloat32> absolute = first > 0 ? times(tf, Dimensions.total(tf, tf.math.abs(x)), first) : null;
            if (second == 0) {
                return absolute == null ? Tensors.constant(tf, 0, x.type()) : absolute;
            }
            Operand<TFloat32> squares = times(tf, Dimensions.total(tf, tf.math.square(x)), second);
            return absolute == null ? squares : tf.math.add(absolute, squares);
        });
    }

    /**
     * {@link #orthogonal(double, Mode)} with .01, of rows.
     *
     * @return a regularizer
     */
    static Regularizer orthogonal() {
        return orthogonal(0.01, Mode.ROWS);
    }

    /**
     * factor · mean of |u · v| over all pairs of rows or columns, each divided by its norm (Ranasinghe et al. 2021).
     *
     * @param factor the factor, at least 0
     * @param mode whether rows or columns
     * @return a regularizer of matrices
     */
    static Regularizer orthogonal(double factor, Mode mode) {
        double half = 0.5 * Require.notNegative("orthogonal regularizer factor", factor);
        boolean rows = mode == Mode.ROWS;
        return Named.regularizer("orthogonal(" + factor + ", " + mode + ")", (tf, x) -> {
            Shape shape = Tensors.shape(x);
            if (shape.numDimensions() != 2 || shape.hasUnknownDimension()) {
                throw new IllegalArgumentException(
                        "The orthogonal regularizer needs a matrix, got " + Tensors.describe(x));
            }
            long size = shape.get(rows ? 0 : 1);
            Operand<TFloat32> normed = Norms.unit(tf, x, 1e-7, rows ? 1 : 0);
            Operand<TFloat32> products =
                    tf.linalg.matMul(normed, normed, MatMul.transposeA(!rows), MatMul.transposeB(rows));
            Operand<TFloat32> pairs = tf.math.mul(products, offDiagonal(tf, size, x.type()));
            return times(tf, Dimensions.total(tf, tf.math.abs(pairs)), size < 2 ? 0 : half / (size * (size - 1) / 2.0));
        });
    }

    private static Operand<TFloat32> offDiagonal(Ops tf, long size, Class<TFloat32> type) {
        Operand<TFloat32> ones = tf.fill(tf.constant(new long[] {size, size}), Tensors.constant(tf, 1, type));
        Operand<TFloat32> zeros = tf.fill(tf.constant(new long[] {size}), Tensors.constant(tf, 0, type));
        return tf.linalg.matrixSetDiag(ones, zeros, tf.constant(0));
    }

    private static Operand<TFloat32> times(Ops tf, Operand<TFloat32> x, double factor) {
        return tf.math.mul(x, Tensors.constant(tf, factor, x.type()));
    }
}
