package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VariableShape;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Shapes, copies, indexing and variables. */
final class ArrayRules {

    private ArrayRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Identity", ArrayRules::identity);
        rules.put("ReadVariableOp", ArrayRules::identity);
        rules.put("EnsureShape", ArrayRules::identity);
        rules.put("Reshape", ArrayRules::reshape);
        rules.put("ExpandDims", ArrayRules::reshape);
        rules.put("Squeeze", ArrayRules::reshape);
        rules.put("Cast", ArrayRules::cast);
        rules.put("Gather", ArrayRules::gather);
        rules.put("GatherV2", ArrayRules::gatherV2);
        rules.put("ResourceGather", ArrayRules::resourceGather);
        rules.put("PadV2", ArrayRules::padV2);
    }

    private static void identity(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.gradient(0));
    }

    private static void reshape(Ops tf, OpGradient op) {
        op.propagate(0, () -> tf.reshape(op.gradient(0), shapeOf(tf, op.input(0))));
    }

    private static void cast(Ops tf, OpGradient op) {
        op.propagate(
                0, () -> RawOps.cast(tf, op.gradient(0), op.input(0).asOutput().dataType()));
    }

    /** The padded value's gradient is what falls outside the part that was there before. */
    private static <T extends TNumber> void padV2(Ops tf, OpGradient op) {
        Operand<T> dy = op.gradient(0);
        Operand<TNumber> paddings = op.input(1);
        Operand<T> inside =
                tf.slice(dy, before(tf, paddings), Tensors.cast(tf, tf.shape(op.input(0)), paddings.type()));
        op.propagate(0, () -> inside);
        op.propagate(2, () -> tf.math.sub(total(tf, dy), total(tf, inside)));
    }

    /** The first column of paddings [rank, 2]: how much was put before each dimension. */
    private static <I extends TNumber> Operand<I> before(Ops tf, Operand<I> paddings) {
        return tf.gather(paddings, tf.constant(0), tf.constant(1));
    }

    private static <T extends TNumber> Operand<T> total(Ops tf, Operand<T> x) {
        return tf.sum(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0));
    }

    /**
     * Adds each gathered slice's gradient to where it came from along the axis, which may be negative: the axis goes first,
     * segments are summed, and it goes back.
     */
    private static <T extends TNumber> void gatherV2(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<T> params = op.input(0);
            Operand<TInt32> shape = tf.shape(params);
            Operand<TInt32> rank = tf.size(shape);
            Operand<TInt32> axis = tf.math.floorMod(Tensors.cast(tf, op.input(2), TInt32.class), rank);
            Operand<TInt32> vector = tf.reshape(axis, tf.constant(new int[] {1}));
            Operand<TInt32> next = tf.math.add(vector, tf.constant(new int[] {1}));
            Operand<TInt32> zero = tf.constant(new int[] {0});
            Operand<TInt32> outer = tf.slice(shape, zero, vector);
            Operand<TInt32> inner = tf.slice(shape, next, tf.constant(new int[] {-1}));
            Operand<TInt32> flat = tf.constant(new int[] {-1});
            Operand<T> slices = tf.reshape(op.gradient(0), tf.concat(List.of(outer, flat, inner), tf.constant(0)));
            Operand<TInt32> leading = tf.range(tf.constant(0), axis, tf.constant(1));
            Operand<TInt32> trailing = tf.range(tf.math.add(axis, tf.constant(1)), rank, tf.constant(1));
            Operand<TInt32> toFront = tf.concat(List.of(vector, leading, trailing), tf.constant(0));
            Operand<T> summed = tf.math.unsortedSegmentSum(
                    tf.linalg.transpose(slices, toFront),
                    tf.reshape(op.<TNumber>input(1), flat),
                    tf.gather(shape, axis, tf.constant(0)));
            return tf.linalg.transpose(summed, tf.math.invertPermutation(toFront));
        });
    }

    private static void gather(Ops tf, OpGradient op) {
        op.propagate(0, () -> scatter(tf, op, tf.shape(op.input(0))));
    }

    private static void resourceGather(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TInt32> shape = VariableShape.create(tf.scope(), op.input(0), TInt32.class);
            return scatter(tf, op, shape);
        });
    }

    /** Adds each gathered row's gradient to the row it came from; rows gathered twice get the sum. */
    private static <T extends TType, I extends TNumber> Operand<T> scatter(
            Ops tf, OpGradient op, Operand<TInt32> shape) {
        Operand<I> indices = op.input(1);
        Operand<I> rows = tf.expandDims(indices, tf.constant(-1));
        Operand<I> into = Cast.create(tf.scope(), shape, indices.type());
        return tf.scatterNd(rows, op.<T>gradient(0), into);
    }

    private static Operand<? extends TNumber> shapeOf(Ops tf, Operand<?> operand) {
        Shape shape = Tensors.shape(operand);
        if (shape.hasUnknownDimension()) {
            return tf.shape(operand);
        }
        Operand<TInt64> known = tf.constant(shape.asArray());
        return known;
    }
}
