package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A function applied to each element, or to the last axis, of a layer's output. {@link Activations} has the usual ones. */
@FunctionalInterface
public interface ActivationFunction {

    /**
     * Applies the function.
     *
     * @param tf makes ops
     * @param x float32 of any shape
     * @return float32 of the same shape
     */
    Operand<TFloat32> call(Ops tf, Operand<TFloat32> x);
}
