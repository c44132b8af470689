package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** Axes of predictions: moved to the end, laid out as rows, and back. */
final class Axes {

    private Axes() {}

    /** An axis counted from the front. */
    static int fromFront(Loss loss, int axis, Operand<?> x) {
        int rank = Tensors.rank(x);
        if (axis < -rank || axis >= rank) {
            throw new IllegalArgumentException(loss.getClass().getSimpleName() + " has axis " + axis
                    + ", expected one in [" + -rank + ", " + rank + ") for " + Tensors.describe(x));
        }
        return axis < 0 ? axis + rank : axis;
    }

    /** The operand with an axis moved to the end. */
    static <T extends TNumber> Operand<T> toLast(Ops tf, Loss loss, Operand<T> x, int axis) {
        int from = fromFront(loss, axis, x);
        int last = Tensors.rank(x) - 1;
        if (from == last) {
            return x;
        }
        int[] order = IntStream.rangeClosed(0, last)
                .map(i -> i < from ? i : i < last ? i + 1 : from)
                .toArray();
        return tf.linalg.transpose(x, tf.constant(order));
    }

    /** The softmax along an axis. */
    static Operand<TFloat32> softmax(Ops tf, Loss loss, Operand<TFloat32> x, int axis) {
        int from = fromFront(loss, axis, x);
        Operand<TFloat32> softmax = tf.nn.softmax(toLast(tf, loss, x, from));
        int last = Tensors.rank(x) - 1;
        if (from == last) {
            return softmax;
        }
        int[] back = IntStream.rangeClosed(0, last)
                .map(i -> i < from ? i : i == from ? last : i - 1)
                .toArray();
        return tf.linalg.transpose(softmax, tf.constant(back));
    }

    /** [batch, …, classes] as [rows, classes]. */
    static Operand<TFloat32> rows(Ops tf, Operand<TFloat32> x) {
        Shape shape = Tensors.shape(x);
        return shape.numDimensions() == 2 ? x : tf.reshape(x, tf.constant(new long[] {-1, shape.get(-1)}));
    }

    /** A value for each row of {@link #rows} in the shape [batch, …] of the predictions [batch, …, classes]. */
    static Operand<TFloat32> unflatten(Ops tf, Operand<TFloat32> perRow, Operand<TFloat32> predictions) {
        Shape shape = Tensors.shape(predictions);
        if (shape.numDimensions() == 2) {
            return perRow;
        }
        long[] kept = shape.take(shape.numDimensions() - 1).asArray();
        if (IntStream.range(0, kept.length).filter(i -> kept[i] == -1).count() < 2) {
            return tf.reshape(perRow, tf.constant(kept));
        }
        Operand<TInt32> sizes =
                tf.slice(tf.shape(predictions), tf.constant(new int[] {0}), tf.constant(new int[] {kept.length}));
        return tf.reshape(perRow, sizes);
    }
}
