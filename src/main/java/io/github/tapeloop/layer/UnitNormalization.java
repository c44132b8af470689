package io.github.tapeloop.layer;

import io.github.tapeloop.measure.Norms;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * Divides by the Euclidean norm along an axis or more, so that the norm is 1: x / max(‖x‖, 1e-12). What is not longer than
 * 1e-12, zeros for example, has no direction and therefore no slope: its gradient is 0, where Keras gives 1e12 times the one
 * that comes. Computed in float32 in mixed precision.
 */
public final class UnitNormalization extends Layer {

    private final int[] axis;

    /** Normalizes along the last axis. */
    public UnitNormalization() {
        this(-1);
    }

    /**
     * Normalizes along some axes.
     *
     * @param axis at least one, counted from the back if negative
     */
    public UnitNormalization(int... axis) {
        if (axis.length == 0) {
            throw new IllegalArgumentException("UnitNormalization needs at least one axis, got none");
        }
        this.axis = axis.clone();
    }

    /**
     * Normalizes.
     *
     * @param pass makes ops
     * @param x float32 of any shape
     * @return float32 of the same shape
     * @throws IllegalArgumentException if x has no such axis
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        int[] axes = Dimensions.axes(this, x, axis);
        return pass.keepMask(
                x, FullPrecision.compute(pass, pass.tf(this, x), x, (tf, wide) -> Norms.unit(tf, wide, 1e-12, axes)));
    }
}
