package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Any;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * Masks steps that are filling: those whose features all equal the mask value, in the type of the data. They come out as
 * zeros, and what comes out has a mask, see {@link ForwardPass#mask}.
 */
public final class Masking extends Layer {

    private static final Squeeze.Options LAST = Squeeze.axis(List.of(-1L));

    private final double maskValue;

    /** Masks steps of zeros. */
    public Masking() {
        this(0);
    }

    /**
     * Masks steps of another value.
     *
     * @param maskValue what all features of a masked step are; NaN masks steps whose features are all NaN
     */
    public Masking(double maskValue) {
        this.maskValue = maskValue;
    }

    @Override
    protected InputType inputType() {
        return InputType.NUMBERS;
    }

    /**
     * Masks.
     *
     * @param pass takes the mask of the output, bool [batch, steps]
     * @param x float32 [batch, steps, features]
     * @return float32 of the same shape, zeros at the masked steps
     * @throws IllegalArgumentException if x has another rank
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        if (Tensors.rank(x) != 3) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (Masking) expects [batch, steps, features], got " + Tensors.describe(x));
        }
        Ops tf = pass.tf(this, x);
        Operand<TBool> data = tf.any(differing(tf, pass.exact(x)), tf.constant(-1), Any.keepDims(true));
        Operand<TFloat32> y = pass.moved(x, moved -> tf.select(data, moved, Tensors.constant(tf, 0, moved.type())));
        pass.setMask(y, tf.squeeze(data, LAST));
        return y;
    }

    /** Where x is not the mask value. Whole numbers are compared as they are, also with a value that is none. */
    private Operand<TBool> differing(Ops tf, Operand<TFloat32> x) {
        if (InputType.isWhole(Tensors.dataType(x))) {
            return tf.math.notEqual(Tensors.cast(tf, x, TFloat64.class), tf.constant(maskValue));
        }
        return Double.isNaN(maskValue)
                ? tf.math.logicalNot(tf.math.isNan(x))
                : tf.math.notEqual(x, Tensors.constant(tf, maskValue, x.type()));
    }
}
