package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Selections by rank: the gradient goes to what was selected. */
final class OrderRules {

    private OrderRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("TopKV2", (tf, op) -> top(tf, op, -1));
        rules.put(
                "ApproxTopK",
                (tf, op) -> top(
                        tf,
                        op,
                        op.attribute("reduction_dimension", Long.class)
                                .orElse(-1L)
                                .intValue()));
        rules.put("NthElement", OrderRules::nth);
        rules.put("IsotonicRegression", OrderRules::isotonic);
    }

    /** The largest along an axis, with their places there. */
    private static <T extends TType> void top(Ops tf, OpGradient op, int axis) {
        op.propagate(0, () -> {
            int rank = Shapes.rank(op.input(0));
            int last = rank - 1;
            int from = axis < 0 ? axis + rank : axis;
            if (from == last) {
                return scattered(tf, op.<T>dy(), op.output(1), Shapes.of(tf, op.input(0)));
            }
            Operand<TInt32> swap = swapped(tf, rank, from, last);
            Operand<TInt32> shape = tf.gather(Shapes.of(tf, op.input(0)), swap, tf.constant(0));
            Operand<T> dx = scattered(
                    tf, tf.linalg.transpose(op.<T>gradient(0), swap), tf.linalg.transpose(op.output(1), swap), shape);
            return tf.linalg.transpose(dx, swap);
        });
    }

    private static Operand<TInt32> swapped(Ops tf, int rank, int a, int b) {
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = i == a ? b : i == b ? a : i;
        }
        return tf.constant(order);
    }

    /** Puts values at places along the last axis of zeros. */
    private static <T extends TType> Operand<T> scattered(
            Ops tf, Operand<T> values, Operand<?> places, Operand<TInt32> shape) {
        Operand<TInt32> rank = tf.size(shape);
        Operand<TInt32> size = tf.gather(shape, tf.math.sub(rank, tf.constant(1)), tf.constant(0));
        Operand<TInt32> flat = tf.constant(new int[] {-1});
        Operand<TInt32> chosen = Tensors.cast(tf, places, TInt32.class);
        Operand<TInt32> rows = tf.reshape(chosen, Shapes.join(tf, flat, lastSize(tf, chosen)));
        Operand<TInt32> count = tf.math.div(Shapes.product(tf, shape), tf.math.maximum(size, tf.constant(1)));
        Operand<TInt32> starts =
                tf.expandDims(tf.math.mul(Shapes.range(tf, tf.constant(0), count), size), tf.constant(1));
        Operand<TInt32> ids = tf.reshape(tf.math.add(rows, starts), flat);
        Operand<TInt32> all = Shapes.product(tf, shape);
        return SegmentRules.sum(tf, tf.reshape(values, flat), ids, all).reshape(shape);
    }

    private static Operand<TInt32> lastSize(Ops tf, Operand<?> operand) {
        return tf.slice(
                Shapes.of(tf, operand), tf.constant(new int[] {Shapes.rank(operand) - 1}), tf.constant(new int[] {1}));
    }

    /** The gradient goes to the elements equal to the n-th, in shares. */
    private static <T extends TType> void nth(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> x = op.in(0);
            Formula<T> chosen = x.ifTrue(x.is("Equal", op.<T>out(0).expandDims(-1)));
            return chosen.over(chosen.sum(-1)).times(op.<T>dy().expandDims(-1));
        });
    }

    /**
     * The best non-increasing fit of each row is the mean of each of its segments, and so is its gradient. Best, Chakravarti
     * 1990, Active set algorithms for isotonic regression.
     */
    private static <T extends TNumber> void isotonic(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> dy = op.dy();
            Operand<TInt32> all = tf.size(dy);
            Operand<TInt32> flat = tf.constant(new int[] {-1});
            Operand<TInt32> segments = tf.reshape(op.<TInt32>output(1), Shapes.join(tf, flat, lastSize(tf, dy)));
            Operand<TInt32> size = tf.reshape(lastSize(tf, dy), tf.constant(new int[0]));
            Operand<TInt32> starts = tf.range(tf.constant(0), all, tf.math.maximum(size, tf.constant(1)));
            Operand<TInt32> ids = tf.reshape(tf.math.add(segments, tf.expandDims(starts, tf.constant(1))), flat);
            Formula<T> values = dy.reshape(flat);
            Formula<T> sums = SegmentRules.sum(tf, values, ids, all);
            Formula<T> counts = SegmentRules.sum(tf, values.ones(), ids, all);
            Formula<T> means = sums.overOrZero(counts).gather(ids).reshape(Shapes.of(tf, dy));
            return RawOps.cast(tf, means, op.input(0).asOutput().dataType());
        });
    }
}
