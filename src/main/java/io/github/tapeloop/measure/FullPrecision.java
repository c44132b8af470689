package io.github.tapeloop.measure;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * Numbers in float32 if they came in half precision, which has neither the range nor the digits of formulas: 1e-7 is 0 there,
 * 1 - 1e-7 is 1, and a sum of ones ends at 256.
 */
public final class FullPrecision {

    private FullPrecision() {}

    /** Predictions in float32, or in float64 as they are. */
    public static Operand<TFloat32> of(Ops tf, Operand<TFloat32> prediction) {
        return isHalf(prediction) ? Tensors.cast(tf, prediction, TFloat32.class) : prediction;
    }

    /** Any number, in float32 if it is in half precision. */
    static Operand<? extends TNumber> number(Ops tf, Operand<? extends TNumber> x) {
        return isHalf(x) ? Tensors.cast(tf, x, TFloat32.class) : x;
    }

    private static boolean isHalf(Operand<?> x) {
        return switch (Tensors.dataType(x)) {
            case DT_HALF, DT_BFLOAT16 -> true;
            default -> false;
        };
    }
}
