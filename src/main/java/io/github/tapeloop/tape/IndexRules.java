package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.IndexedSlices;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VariableShape;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Gathers and stitches. TensorFlow's C++ rules know no negative axes, with batch dimensions no axes of type int64, and
 * let what a later part of a stitch has overwritten have a gradient.
 */
final class IndexRules {

    private IndexRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Gather", IndexRules::gather);
        rules.put("GatherV2", IndexRules::gatherV2);
        rules.put("ResourceGather", IndexRules::resourceGather);
        rules.put("DynamicStitch", IndexRules::dynamicStitch);
        rules.put("ParallelDynamicStitch", IndexRules::dynamicStitch);
        rules.put("Roll", IndexRules::roll);
    }

    private static void gather(Ops tf, OpGradient op) {
        op.propagate(0, () -> rows(tf, op, Shapes.of(tf, op.input(0))));
    }

    private static void gatherV2(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Optional<Shape> table = op.variable(0);
            int batch = batchDimensions(op);
            if (table.isPresent() && batch == 0 && isFirst(op.constant(2), table.get())) {
                return sparse(tf, op, table.get()); // What lies between the rows is not worth a dense gradient.
            }
            Operand<TNumber> axis = op.input(2);
            return slices(tf, op, Shapes.of(tf, op.input(0)), axis, batch);
        });
    }

    private static boolean isFirst(Optional<List<Long>> axis, Shape table) {
        return axis.isPresent() && Math.floorMod(axis.get().get(0), (long) table.numDimensions()) == 0;
    }

    private static void resourceGather(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            int batch = batchDimensions(op);
            Optional<Shape> table = op.variable(0);
            if (batch == 0 && table.isPresent()) {
                return sparse(tf, op, table.get());
            }
            Operand<TInt32> shape = VariableShape.create(tf.scope(), op.input(0), TInt32.class);
            return batch == 0 ? rows(tf, op, shape) : slices(tf, op, shape, tf.constant(batch), batch);
        });
    }

    /** Each gathered row's gradient, with the row it came from. */
    private static <T extends TType, I extends TNumber> Operand<T> sparse(Ops tf, OpGradient op, Shape table) {
        Operand<I> indices = op.input(1);
        Operand<T> dy = op.gradient(0);
        if (Tensors.rank(indices) != 1) {
            long[] row = table.tail().asArray();
            dy = tf.reshape(
                    dy,
                    tf.constant(LongStream.concat(LongStream.of(-1), Arrays.stream(row))
                            .toArray()));
            indices = tf.reshape(indices, tf.constant(new int[] {-1}));
        }
        return IndexedSlices.of(tf, dy, indices, table);
    }

    /** Leading dimensions that values and indices share; counted from the back of the indices if negative. */
    private static int batchDimensions(OpGradient op) {
        int given = op.attribute("batch_dims", Long.class).orElse(0L).intValue();
        return given < 0 ? given + Shapes.rank(op.input(1)) : given;
    }

    /** Adds each gathered row's gradient to the row it came from; rows gathered twice get the sum. */
    private static <T extends TType, I extends TNumber> Operand<T> rows(Ops tf, OpGradient op, Operand<TInt32> shape) {
        Operand<I> indices = op.input(1);
        Operand<T> dy = op.gradient(0);
        if (Tensors.rank(indices) != 1) {
            Operand<TInt32> count = Shapes.vector(tf, tf.size(indices));
            Operand<TInt32> row = tf.slice(shape, tf.constant(new int[] {1}), tf.constant(new int[] {-1}));
            dy = tf.reshape(dy, Shapes.join(tf, count, row));
            indices = tf.reshape(indices, tf.constant(new int[] {-1}));
        }
        return tf.scatterNd(tf.expandDims(indices, tf.constant(-1)), dy, Tensors.cast(tf, shape, indices.type()));
    }

    /**
     * Like {@link #rows}, along any axis. The axis goes behind the batch dimensions, which become one with it: index i
     * of batch b is segment b·size + i. Segments are summed, and the axis goes back.
     */
    private static <T extends TNumber, I extends TNumber> Operand<T> slices(
            Ops tf, OpGradient op, Operand<TInt32> shape, Operand<? extends TNumber> anyAxis, int batchDimensions) {
        Operand<I> indices = op.input(1);
        Operand<TInt32> rank = tf.size(shape);
        Operand<TInt32> axis = Shapes.axis(tf, anyAxis, rank);
        Operand<TInt32> next = tf.math.add(axis, tf.constant(1));
        Operand<TInt32> zero = tf.constant(0);
        Operand<TInt32> first = tf.constant(batchDimensions);
        Operand<TInt32> batch = Shapes.part(tf, shape, zero, first);
        Operand<TInt32> outer = Shapes.part(tf, shape, first, axis);
        Operand<TInt32> inner = Shapes.part(tf, shape, next, rank);
        Operand<TInt32> size = Shapes.part(tf, shape, axis, next);
        Operand<TInt32> batches = Shapes.product(tf, batch);
        Operand<TInt32> indicesShape = Shapes.of(tf, indices);
        Operand<TInt32> each = Shapes.part(tf, indicesShape, first, tf.size(indicesShape));
        Operand<TInt32> count = Shapes.vector(tf, Shapes.product(tf, each));

        Operand<T> gathered = tf.reshape(op.<T>gradient(0), Shapes.join(tf, batch, outer, count, inner));
        Operand<TInt32> order = Shapes.join(
                tf,
                Shapes.range(tf, zero, first),
                Shapes.vector(tf, axis),
                Shapes.range(tf, first, axis),
                Shapes.range(tf, next, rank));
        Operand<TInt32> all = tf.math.mul(Shapes.vector(tf, batches), count);
        Operand<T> inOrder = tf.reshape(tf.linalg.transpose(gathered, order), Shapes.join(tf, all, outer, inner));
        Operand<I> segments = segments(tf, indices, batches, count, size);
        Operand<TInt32> segmentCount = tf.math.mul(batches, tf.reshape(size, tf.constant(new int[0])));
        Operand<T> summed = tf.math.unsortedSegmentSum(inOrder, segments, segmentCount);
        return tf.linalg.transpose(
                tf.reshape(summed, Shapes.join(tf, batch, size, outer, inner)), tf.math.invertPermutation(order));
    }

    private static <I extends TNumber> Operand<I> segments(
            Ops tf, Operand<I> indices, Operand<TInt32> batches, Operand<TInt32> count, Operand<TInt32> size) {
        Operand<TInt32> starts = tf.math.mul(Shapes.range(tf, tf.constant(0), batches), size);
        Operand<I> column = tf.expandDims(Tensors.cast(tf, starts, indices.type()), tf.constant(-1));
        Operand<I> byBatch = tf.reshape(indices, Shapes.join(tf, Shapes.vector(tf, batches), count));
        return tf.reshape(tf.math.add(byBatch, column), tf.constant(new int[] {-1}));
    }

    /** Rolled back; by a number within the size, since not each has a negative. */
    private static <T extends TType> void roll(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TInt64> shift = Tensors.cast(tf, op.<TNumber>input(1), TInt64.class);
            Operand<TInt64> size = tf.math.maximum(tf.size(op.input(0), TInt64.class), tf.constant(1L));
            return RawOps.make(tf, "Roll", op.gradient(0), tf.math.neg(tf.math.floorMod(shift, size)), op.input(2));
        });
    }

    /**
     * The gradient of what a part put into the result; zero for what something later has overwritten. To know that, the
     * elements' numbers are stitched as the elements were: an element is there whose number comes back.
     */
    private static <T extends TType> void dynamicStitch(Ops tf, OpGradient op) {
        int parts = op.inputs() / 2;
        List<Operand<TInt32>> indices = new ArrayList<>();
        List<Operand<TInt32>> numbers = new ArrayList<>();
        Operand<TInt32> next = tf.constant(0);
        for (int i = 0; i < parts; i++) {
            Operand<TInt32> part = op.input(i);
            Operand<TInt32> end = tf.math.add(next, tf.size(part));
            indices.add(part);
            numbers.add(tf.reshape(Shapes.range(tf, next, end), Shapes.of(tf, part)));
            next = end;
        }
        Operand<TInt32> winners = op.type().startsWith("Parallel")
                ? tf.parallelDynamicStitch(indices, numbers)
                : tf.dynamicStitch(indices, numbers);
        for (int i = 0; i < parts; i++) {
            int part = i;
            op.propagate(parts + i, () -> {
                Operand<T> gathered = tf.gather(op.<T>gradient(0), indices.get(part), tf.constant(0));
                Operand<TInt32> there = tf.gather(winners, indices.get(part), tf.constant(0));
                Operand<TBool> isThere = tf.math.equal(there, numbers.get(part));
                return tf.select(stretched(tf, isThere, Shapes.rank(gathered)), gathered, tf.zerosLike(gathered));
            });
        }
    }

    /** Appends dimensions of size 1, so that a truth value broadcasts over what it stands for. */
    private static Operand<TBool> stretched(Ops tf, Operand<TBool> truth, int rank) {
        int[] ones = new int[rank - Shapes.rank(truth)];
        Arrays.fill(ones, 1);
        return ones.length == 0 ? truth : tf.reshape(truth, Shapes.join(tf, Shapes.of(tf, truth), tf.constant(ones)));
    }
}
