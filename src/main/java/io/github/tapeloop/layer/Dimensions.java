package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Shapes and axes of operands: constants where they are known, ops where a traced step leaves them open. */
final class Dimensions {

    private Dimensions() {}

    /** The shape as a vector. */
    static Operand<TInt64> of(Ops tf, Operand<?> x) {
        Shape shape = Tensors.shape(x);
        return shape.hasUnknownDimension() ? tf.shape(x, TInt64.class) : tf.constant(shape.asArray());
    }

    /** How many elements lie along some axes, as a scalar. */
    static <T extends TNumber> Operand<T> count(Ops tf, Operand<?> x, int[] axes, Class<T> type) {
        long known = 1;
        for (int axis : axes) {
            long size = Tensors.shape(x).get(axis);
            if (size == Shape.UNKNOWN_SIZE) {
                return Tensors.cast(
                        tf, tf.prod(tf.gather(tf.shape(x), tf.constant(axes), tf.constant(0)), tf.constant(0)), type);
            }
            known *= size;
        }
        return Tensors.constant(tf, known, type);
    }

    /** The sum of all elements. */
    static Operand<TFloat32> total(Ops tf, Operand<TFloat32> x) {
        int rank = Tensors.rank(x);
        return rank == 0 ? x : tf.sum(x, tf.constant(IntStream.range(0, rank).toArray()));
    }

    /** Axes counted from the front, in ascending order. */
    static int[] axes(Layer layer, Operand<?> x, int... axis) {
        int rank = Tensors.rank(x);
        int[] axes = new int[axis.length];
        for (int i = 0; i < axis.length; i++) {
            if (axis[i] < -rank || axis[i] >= rank) {
                throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                        + layer.getClass().getSimpleName() + ") has axis " + axis[i] + ", but its input is "
                        + Tensors.describe(x) + ": expected an axis in [" + -rank + ", " + (rank - 1) + "]");
            }
            axes[i] = Math.floorMod(axis[i], rank);
        }
        Arrays.sort(axes);
        for (int i = 1; i < axes.length; i++) {
            if (axes[i] == axes[i - 1]) {
                throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                        + layer.getClass().getSimpleName() + ") has axis " + axes[i] + " twice in "
                        + Arrays.toString(axis) + " for its input " + Tensors.describe(x) + ": give each axis once");
            }
        }
        return axes;
    }

    /** The axes that are not among some, in ascending order. */
    static int[] others(int rank, int... axes) {
        return IntStream.range(0, rank)
                .filter(axis -> Arrays.stream(axes).noneMatch(given -> given == axis))
                .toArray();
    }

    /** The sizes along some axes, which must be known. */
    static Shape sizes(Layer layer, Operand<?> x, int... axes) {
        Shape shape = Tensors.shape(x);
        long[] sizes = Arrays.stream(axes).mapToLong(shape::get).toArray();
        if (Arrays.stream(sizes).anyMatch(size -> size == Shape.UNKNOWN_SIZE)) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                    + layer.getClass().getSimpleName() + ") needs known sizes along the axes " + Arrays.toString(axes)
                    + ", got " + Tensors.describe(x));
        }
        return Shape.of(sizes);
    }

    /** A weight with the sizes of some axes, shaped so that it broadcasts along the others. */
    static Operand<TFloat32> along(Ops tf, Operand<TFloat32> weight, int rank, int... axes) {
        if (axes.length == 0 || axes[0] == rank - axes.length) { // Scalars and the last axes align by themselves.
            return weight;
        }
        long[] sizes = new long[rank];
        Arrays.fill(sizes, 1);
        for (int i = 0; i < axes.length; i++) {
            sizes[axes[i]] = Tensors.shape(weight).get(i);
        }
        return tf.reshape(weight, tf.constant(sizes));
    }
}
