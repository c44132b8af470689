package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** The vectors along the last axis of an operand, as the rows of a matrix. */
final class Rows {

    private Rows() {}

    /**
     * What a product makes of each row.
     *
     * @param x [batch, …, in]
     * @param product makes [rows, units] of [rows, in]
     * @return [batch, …, units]
     */
    static Operand<TFloat32> map(Ops tf, Operand<TFloat32> x, long units, UnaryOperator<Operand<TFloat32>> product) {
        Shape shape = Tensors.shape(x);
        int rank = shape.numDimensions();
        if (rank == 2) {
            return product.apply(x);
        }
        Operand<TFloat32> rows = tf.reshape(x, Tensors.constant(tf, new long[] {-1, shape.get(-1)}));
        Operand<TFloat32> y = product.apply(rows);
        long[] out = shape.asArray();
        boolean isOpen = false;
        for (int i = 1; i < rank - 1; i++) {
            isOpen |= out[i] == Shape.UNKNOWN_SIZE;
        }
        if (isOpen) { // While tracing.
            Operand<TInt32> outer =
                    tf.slice(tf.shape(x), tf.constant(new int[] {0}), tf.constant(new int[] {rank - 1}));
            return tf.reshape(
                    y, tf.concat(List.of(outer, tf.constant(new int[] {Math.toIntExact(units)})), tf.constant(0)));
        }
        out[rank - 1] = units;
        out[0] = -1; // The batch may be unknown while tracing.
        return tf.reshape(y, Tensors.constant(tf, out));
    }
}
