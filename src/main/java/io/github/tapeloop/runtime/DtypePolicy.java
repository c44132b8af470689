package io.github.tapeloop.runtime;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TType;

/**
 * The type in which a model computes, Keras' dtype policy ({@code "mixed_float16"}, {@code "mixed_bfloat16"}). In a
 * mixed one variables stay float32 while layers compute in a type of half the size: a variable that is read through
 * the {@code Ops} of a mixed policy comes out in that type, and its gradient goes back as float32 (Micikevicius et
 * al. 2018, "Mixed Precision Training").
 */
public enum DtypePolicy {

    /** As the data comes: float32 in, float32 throughout. */
    FULL(null),

    /** float16: 5 bits of exponent, so that small gradients vanish unless the loss is scaled. */
    MIXED_FLOAT16(TFloat16.class),

    /** bfloat16: the range of float32 with 8 bits of precision, no scaling needed. */
    MIXED_BFLOAT16(TBfloat16.class);

    private final Class<? extends TType> computeType;

    DtypePolicy(Class<? extends TType> computeType) {
        this.computeType = computeType;
    }

    /**
     * The precision that an {@code Ops} reads variables in.
     *
     * @param tf ops of a {@link TapeSession}
     * @return what {@link #in} made it of, {@link #FULL} for others
     */
    public static DtypePolicy of(Ops tf) {
        return tf.scope() instanceof PathScope scope ? scope.precision() : FULL;
    }

    /**
     * The same ops, reading variables in this precision.
     *
     * @param tf ops of a {@link TapeSession}
     * @return ops of the same session or trace; {@code tf} itself if it has this precision
     */
    public Ops in(Ops tf) {
        return of(tf) == this ? tf : ((PathScope) tf.scope()).withPrecision(this);
    }

    /**
     * An operand in the type to compute in.
     *
     * @param tf makes ops
     * @param x any operand
     * @return a float32 or float64 one cast to the type of a mixed precision, others as they are
     */
    public Operand<TFloat32> compute(Ops tf, Operand<?> x) {
        if (computeType == null) {
            return typed(x);
        }
        Class<? extends TType> type = x.type();
        return typed(type == TFloat32.class || type == TFloat64.class ? Tensors.cast(tf, x, computeType) : x);
    }

    /**
     * An operand in full precision again: what a loss or a metric takes.
     *
     * @param tf makes ops
     * @param x any operand
     * @return a float16 or bfloat16 one cast to float32, others as they are
     */
    public static Operand<TFloat32> full(Ops tf, Operand<?> x) {
        return typed(isHalf(x.type()) ? Tensors.cast(tf, x, TFloat32.class) : x);
    }

    /**
     * Whether a type is one that layers compute in while their variables are float32.
     *
     * @param type the class of a tensor
     * @return true for float16 and bfloat16
     */
    public static boolean isHalf(Class<? extends TType> type) {
        return type == TFloat16.class || type == TBfloat16.class;
    }

    @SuppressWarnings("unchecked") // The layer API speaks of TFloat32; the type at run time follows the data.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }
}
