package io.github.tapeloop.measure;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** The numbers of classes, from any type of number. */
public final class ClassNumbers {

    private ClassNumbers() {}

    /** As int32 or int64. A float is rounded: 1.9999999, which came out of arithmetic, is class 2. */
    public static Operand<? extends TNumber> of(Ops tf, Operand<? extends TNumber> numbers) {
        return switch (Tensors.dataType(numbers)) {
            case DT_INT32, DT_INT64 -> numbers;
            case DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16 ->
                Cast.create(tf.scope(), tf.math.rint(FullPrecision.number(tf, numbers)), TInt64.class);
            default -> Cast.create(tf.scope(), numbers, TInt64.class);
        };
    }
}
