package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Gives each example mean 0 and variance 1 along an axis or more: gamma · (x - mean) / √(variance + epsilon) + beta (Ba et
 * al. 2016), the same in training and inference. Gamma and beta have the sizes of these axes. As in Keras 3, epsilon is
 * 1e-3.
 */
public final class LayerNormalization extends ScaledNormalization<LayerNormalization> {

    private final int[] axis;

    /** Normalizes along the last axis. */
    public LayerNormalization() {
        this(-1);
    }

    /**
     * Normalizes along some axes.
     *
     * @param axis at least one, counted from the back if negative; not the batch's
     */
    public LayerNormalization(int... axis) {
        if (axis.length == 0) {
            throw new IllegalArgumentException("LayerNormalization needs at least one axis, got none");
        }
        this.axis = axis.clone();
    }

    @Override
    LayerNormalization self() {
        return this;
    }

    /**
     * Normalizes.
     *
     * @param pass makes ops
     * @param x float32 [batch, …]
     * @return float32 of the same shape
     * @throws IllegalArgumentException if x has no such axis, or not the sizes of before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return pass.keepMask(
                x, FullPrecision.compute(pass, pass.tf(this, x), x, (tf, wide) -> normalized(pass, tf, wide)));
    }

    private Operand<TFloat32> normalized(ForwardPass pass, Ops tf, Operand<TFloat32> x) {
        int rank = Tensors.rank(x);
        int[] axes = Dimensions.axes(this, x, axis);
        Shape sizes = Dimensions.sizes(this, x, axes);
        Operand<TFloat32> gamma = gamma(pass, tf, sizes, x.type());
        Operand<TFloat32> beta = beta(pass, tf, sizes, x.type());
        Moments moments = moments(tf, x, axes);
        Operand<TFloat32> normal =
                tf.math.mul(tf.math.sub(x, moments.mean()), inverseDeviation(tf, moments.variance()));
        return affine(
                tf,
                normal,
                gamma == null ? null : Dimensions.along(tf, gamma, rank, axes),
                beta == null ? null : Dimensions.along(tf, beta, rank, axes));
    }
}
