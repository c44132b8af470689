package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** Makes one row of each example, whatever its shape. */
public final class Flatten extends Layer {

    /** Creates a layer. */
    public Flatten() {}

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    /**
     * Flattens all but the first dimension.
     *
     * @param pass makes ops
     * @param x float32 [batch, …]
     * @return float32 [batch, size of an example]; [batch] becomes [batch, 1]
     * @throws IllegalArgumentException if x is a scalar
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Shape shape = Tensors.shape(x);
        if (shape.numDimensions() == 2) {
            return x;
        }
        if (shape.numDimensions() < 1) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (Flatten) expects [batch, …], got " + Tensors.describe(x));
        }
        Ops tf = pass.tf(this, x);
        long size = 1;
        for (int i = 1; i < shape.numDimensions(); i++) {
            if (shape.get(i) == Shape.UNKNOWN_SIZE) {
                throw new IllegalArgumentException("Layer '" + path()
                        + "' (Flatten) expects known dimensions after the first, got " + Tensors.describe(x));
            }
            size *= shape.get(i);
        }
        Operand<TInt64> rows = Tensors.constant(tf, new long[] {-1, size});
        return pass.moved(x, moved -> tf.reshape(moved, rows));
    }
}
