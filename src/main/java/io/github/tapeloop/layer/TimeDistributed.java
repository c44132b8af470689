package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.stream.LongStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * Calls a layer on each step of series by itself: a convolution on each frame of a film, for example. The steps are taken
 * together with the batch, so that it is one call; {@link Dense} and the like work on the last axis as they are.
 *
 * <p>Being one call, a {@link BatchNormalization} inside takes its statistics from the steps of all examples together and
 * moves its averages once. Keras calls the layer for each step: there each step is normalized by itself, in training. A
 * penalty of the inner layer's output is divided by batch · steps and counts; Keras drops it.
 */
public final class TimeDistributed extends Layer {

    private final Layer inner;

    /**
     * Creates a layer.
     *
     * @param inner takes [batch, …] and returns [batch, …]
     */
    public TimeDistributed(Layer inner) {
        this.inner = layer(inner);
    }

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    /**
     * Calls the layer on each step. It does not see the mask of x, which is that of the output; numbers at masked steps that
     * are not finite are zeros to it.
     *
     * @param pass what the layer gets
     * @param x float32 [batch, steps, …], all but the batch known
     * @return float32 [batch, steps, …], what the layer returns for each step
     * @throws IllegalArgumentException if x has fewer than 3 dimensions, or unknown ones after the first
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Shape shape = Tensors.shape(x);
        if (shape.numDimensions() < 3 || shape.tail().hasUnknownDimension()) {
            throw new IllegalArgumentException("Layer '" + path() + "' (TimeDistributed) expects [batch, steps, …] with"
                    + " known dimensions after the batch, got " + Tensors.describe(x));
        }
        Ops tf = pass.tf(this, x);
        Operand<TInt64> steps = sizes(tf, LongStream.of(-1), shape.tail().tail());
        Operand<TFloat32> each = pass.moved(x, moved -> tf.reshape(pass.finite(tf, x, moved), steps));
        Operand<TFloat32> y = pass.gave(inner, inner.call(pass, each));
        Shape rest = Tensors.shape(y).tail();
        if (rest.hasUnknownDimension()) {
            throw new IllegalArgumentException("Layer '" + path()
                    + "' (TimeDistributed) needs a layer that returns known" + " dimensions after the batch, got "
                    + Tensors.describe(y) + " from '" + inner.path() + "'");
        }
        return pass.keepMask(x, tf.reshape(y, sizes(tf, LongStream.of(-1, shape.get(1)), rest)));
    }

    private static Operand<TInt64> sizes(Ops tf, LongStream first, Shape rest) {
        return tf.constant(
                LongStream.concat(first, LongStream.of(rest.asArray())).toArray());
    }
}
