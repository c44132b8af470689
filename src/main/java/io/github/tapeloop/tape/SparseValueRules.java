package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.math.Cumprod;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Ops from sparse tensors to sparse tensors. Where values are only moved, the op itself is run on the values' numbers to
 * see where each went.
 */
final class SparseValueRules {

    private SparseValueRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("SparseReorder", SparseValueRules::reorder);
        rules.put("SparseSlice", SparseValueRules::slice);
        rules.put("SparseFillEmptyRows", SparseValueRules::fillEmptyRows);
        rules.put("SparseSoftmax", SparseValueRules::softmax);
        rules.put("SparseAdd", SparseValueRules::add);
        rules.put("SparseSparseMaximum", SparseValueRules::extreme);
        rules.put("SparseSparseMinimum", SparseValueRules::extreme);
    }

    private static <T extends TType> void reorder(Ops tf, OpGradient op) {
        op.propagate(1, () -> {
            Operand<TInt64> numbers = numbers(tf, op.input(1));
            Operand<TInt64> from = RawOps.builder(tf, "SparseReorder", op.input(0), numbers, op.input(2))
                    .build()
                    .output(1);
            return op.<T>dy(1).gather(tf.math.invertPermutation(from));
        });
    }

    private static <T extends TType> void slice(Ops tf, OpGradient op) {
        op.propagate(1, () -> {
            Operand<TInt64> numbers = numbers(tf, op.input(1));
            Operation sliced = RawOps.builder(
                            tf, "SparseSlice", op.input(0), numbers, op.input(2), op.input(3), op.input(4))
                    .build();
            Operand<TInt64> from = sliced.output(1);
            Operand<TInt64> count = Tensors.cast(tf, Shapes.of(tf, op.input(1)), TInt64.class);
            return tf.scatterNd(tf.expandDims(from, tf.constant(1)), op.<T>gradient(1), count);
        });
    }

    private static Operand<TInt64> numbers(Ops tf, Operand<?> values) {
        return Tensors.cast(tf, Shapes.range(tf, tf.constant(0), tf.size(values)), TInt64.class);
    }

    /** The fourth output says where each value went; the default gets what is left. */
    private static <T extends TType> void fillEmptyRows(Ops tf, OpGradient op) {
        Formula<T> dy = op.dy(1);
        Formula<T> ofValues = dy.gather(op.output(3));
        op.propagate(1, () -> ofValues);
        op.propagate(3, () -> dy.total().minus(ofValues.total()));
    }

    /** y (dy - Σ dy y), sums over the values whose coordinates agree but in the last. */
    private static <T extends TNumber> void softmax(Ops tf, OpGradient op) {
        op.propagate(1, () -> {
            Operand<TInt64> shape = op.input(2);
            Operand<TInt64> strides = strides(tf, shape);
            Operand<TInt32> rank = tf.size(shape);
            Operand<TInt32> last = tf.math.sub(rank, tf.constant(1));
            Operand<TInt64> columns = tf.gather(shape, last, tf.constant(0));
            Operand<TInt64> rows = tf.math.floorDiv(inARow(tf, op.input(0), strides), columns);
            Operand<TInt64> count =
                    tf.math.div(tf.prod(shape, tf.constant(0)), tf.math.maximum(columns, tf.constant(1L)));
            Formula<T> y = op.out(0);
            Formula<T> dy = op.dy();
            Formula<T> sums = SegmentRules.sum(tf, dy.times(y), rows, count);
            return y.times(dy.minus(sums.gather(rows)));
        });
    }

    /** How far apart neighbours along each dimension are when all elements stand in a row. */
    private static Operand<TInt64> strides(Ops tf, Operand<TInt64> shape) {
        return tf.math.cumprod(shape, tf.constant(0), Cumprod.exclusive(true), Cumprod.reverse(true));
    }

    private static Operand<TInt64> inARow(Ops tf, Operand<TInt64> coordinates, Operand<TInt64> strides) {
        return tf.sum(tf.math.mul(coordinates, strides), tf.constant(1));
    }

    /** Values that the sum has dropped, being below the threshold, have no gradient. */
    private static <T extends TType> void add(Ops tf, OpGradient op) {
        op.propagate(1, () -> Lookup.of(tf, op, 0).taken(op.<T>dy(1)));
        op.propagate(4, () -> Lookup.of(tf, op, 3).taken(op.<T>dy(1)));
    }

    /** What is the extreme gets the gradient; where both are, each gets half. A value that is not there is 0. */
    private static <T extends TType> void extreme(Ops tf, OpGradient op) {
        Lookup ofA = Lookup.of(tf, op, 0);
        Lookup ofB = Lookup.of(tf, op, 3);
        Formula<T> y = op.out(1);
        Formula<T> isA = y.ifTrue(ofA.spread(op.<T>in(1), y).is("Equal", y));
        Formula<T> isB = y.ifTrue(ofB.spread(op.<T>in(4), y).is("Equal", y));
        Formula<T> share = op.<T>dy(1).over(isA.plus(isB));
        op.propagate(1, () -> ofA.taken(share.times(isA)));
        op.propagate(4, () -> ofB.taken(share.times(isB)));
    }

    /** Where the values of an operand are among those of the result, whose coordinates are in order. */
    private record Lookup(Ops tf, Operand<TInt64> places, Operand<?> isThere) {

        static Lookup of(Ops tf, OpGradient op, int input) {
            Operand<TInt64> strides = strides(tf, op.input(2));
            Operand<TInt64> wanted = inARow(tf, op.input(input), strides);
            Operand<TInt64> sorted = inARow(tf, op.output(0), strides);
            Operand<TInt32> row = tf.constant(0);
            Operand<TInt64> found = tf.squeeze(
                    RawOps.builder(tf, "LowerBound", tf.expandDims(sorted, row), tf.expandDims(wanted, row))
                            .setAttr("out_type", DataType.DT_INT64)
                            .build()
                            .<TInt64>output(0),
                    Squeeze.axis(List.of(0L)));
            Operand<TInt64> end = tf.math.sub(Tensors.cast(tf, tf.size(sorted), TInt64.class), tf.constant(1L));
            Operand<TInt64> inside = tf.math.maximum(tf.math.minimum(found, end), tf.constant(0L));
            Operand<TInt64> there = tf.gather(sorted, inside, row);
            return new Lookup(tf, inside, tf.math.equal(there, wanted));
        }

        /** For each value of the operand what belongs to its element of the result. */
        <T extends TType> Formula<T> taken(Formula<T> ofResult) {
            return ofResult.gather(places).where(isThere, 0);
        }

        /** The operand's values in the places of the result, 0 where it has none. */
        <T extends TType> Formula<T> spread(Formula<T> values, Formula<T> result) {
            Operand<TInt64> count = Tensors.cast(tf, Shapes.of(tf, result), TInt64.class);
            return Formula.of(tf, tf.scatterNd(tf.expandDims(places, tf.constant(1)), values, count));
        }
    }
}
