package io.github.tapeloop.loss;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * What training minimises: one number for a batch. A lambda is a loss, too.
 *
 * <p>The signature speaks of {@code TFloat32}; predictions of a float64 model are float64 at run time, and the losses here
 * follow them.
 */
@FunctionalInterface
public interface Loss {

    /**
     * Computes the mean loss over a batch.
     *
     * @param tf makes ops
     * @param target what should come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …]
     * @return a float32 scalar
     * @throws IllegalArgumentException if the shapes do not fit each other
     */
    Operand<TFloat32> call(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction);
}
