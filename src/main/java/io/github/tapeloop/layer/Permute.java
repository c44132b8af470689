package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Orders the dimensions of each example anew. */
public final class Permute extends Layer {

    private final int[] order;

    /**
     * Creates a layer.
     *
     * @param dims which dimension of the input each one of the output is, counted from 1, as the batch is 0: {@code new
     *     Permute(2, 1)} swaps the two dimensions of a matrix
     */
    public Permute(int... dims) {
        if (!Arrays.equals(
                Arrays.stream(dims).sorted().toArray(),
                IntStream.rangeClosed(1, dims.length).toArray())) {
            throw new IllegalArgumentException(
                    "Permute needs each of the dimensions 1 to " + dims.length + " once, got " + Arrays.toString(dims));
        }
        this.order = IntStream.concat(IntStream.of(0), Arrays.stream(dims)).toArray();
    }

    @Override
    protected InputType inputType() {
        return InputType.ANY;
    }

    /**
     * Permutes.
     *
     * @param pass makes ops
     * @param x float32 [batch, …]
     * @return float32 [batch, …], the dimensions of the example in the new order
     * @throws IllegalArgumentException if an example has other than as many dimensions as were given
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        if (Tensors.rank(x) != order.length) {
            throw Images.refusal(this, x, "the batch and " + (order.length - 1) + " dimensions", "");
        }
        Ops tf = pass.tf(this, x);
        return pass.moved(x, moved -> tf.linalg.transpose(moved, tf.constant(order)));
    }
}
