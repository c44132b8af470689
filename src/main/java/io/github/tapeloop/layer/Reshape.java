package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** Gives each example another shape of the same size. */
public final class Reshape extends Layer {

    private final Shape exampleShape;

    /**
     * Creates a layer.
     *
     * @param exampleShape the new shape of an example, without the batch; one dimension may be -1 and follows from the rest
     */
    public Reshape(long... exampleShape) {
        if (Arrays.stream(exampleShape).anyMatch(d -> d == 0 || d < -1)
                || Arrays.stream(exampleShape).filter(d -> d == -1).count() > 1) {
            throw new IllegalArgumentException("Reshape needs dimensions of at least 1, one of them -1 at most, got "
                    + Arrays.toString(exampleShape));
        }
        this.exampleShape = Shape.of(exampleShape);
    }

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    /**
     * Reshapes.
     *
     * @param pass makes ops
     * @param x float32 [batch, …]
     * @return float32 [batch, …] with the new shape of an example
     * @throws IllegalArgumentException if the sizes differ
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Shape shape = Tensors.shape(x);
        if (shape.numDimensions() < 1) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (Reshape) expects [batch, …], got " + Tensors.describe(x));
        }
        Shape from = shape.tail();
        if (!from.hasUnknownDimension() && !fits(from.size())) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (Reshape) cannot make " + exampleShape + " of examples of shape "
                            + from + ", which have " + from.size()
                            + (from.size() == 1 ? " value" : " values") + ": give it sizes whose product that is");
        }
        Ops tf = pass.tf(this, x);
        Operand<TInt64> sizes = Tensors.constant(tf, target(shape.get(0), from));
        return pass.moved(x, moved -> tf.reshape(moved, sizes));
    }

    private boolean fits(long size) {
        return exampleShape.hasUnknownDimension() ? size % known() == 0 : size == known();
    }

    private long known() {
        return Arrays.stream(exampleShape.asArray()).filter(d -> d != -1).reduce(1, (a, b) -> a * b);
    }

    /** The new shape with one open dimension at most: the batch, or that of the example if its size is open as well. */
    private long[] target(long batch, Shape from) {
        if (!exampleShape.hasUnknownDimension()) {
            return exampleShape.prepend(-1).asArray();
        }
        if (from.hasUnknownDimension()) {
            return exampleShape.prepend(batch).asArray();
        }
        long open = from.size() / known();
        return Shape.of(Arrays.stream(exampleShape.asArray())
                        .map(d -> d == -1 ? open : d)
                        .toArray())
                .prepend(-1)
                .asArray();
    }
}
