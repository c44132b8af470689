package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TFloat32;

/** Divides by the Euclidean norm along an axis or more, so that the norm is 1: x / max(‖x‖, 1e-12). */
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
        return pass.keepMask(x, unit(pass.tf(this, x), x, Dimensions.axes(this, x, axis)));
    }

    static Operand<TFloat32> unit(Ops tf, Operand<TFloat32> x, int... axes) {
        return FullPrecision.compute(tf, x, (full, wide) -> {
            Operand<TFloat32> squares = full.sum(full.math.square(wide), full.constant(axes), Sum.keepDims(true));
            Operand<TFloat32> floor = Tensors.constant(full, 1e-24, wide.type());
            return full.math.mul(wide, full.math.rsqrt(full.math.maximum(squares, floor)));
        });
    }
}
