package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.op.math.Cumprod;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** Reductions. TensorFlow's C++ rules of maxima, minima and products fail where the axes are int64. */
final class ReductionRules {

    private ReductionRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Sum", ReductionRules::sum);
        rules.put("Mean", ReductionRules::mean);
        rules.put("Max", ReductionRules::extreme);
        rules.put("Min", ReductionRules::extreme);
        rules.put("Prod", ReductionRules::prod);
        rules.put("EuclideanNorm", ReductionRules::norm);
    }

    private static <T extends TNumber> void sum(Ops tf, OpGradient op) {
        op.propagate(0, () -> spread(tf, op, op.<T>gradient(0)));
    }

    private static <T extends TNumber> void mean(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<T> dy = op.gradient(0);
            return spread(tf, op, tf.math.div(dy, averaged(tf, op, dy)));
        });
    }

    /** What is the extreme gets the gradient; where several are, each gets its share. */
    private static <T extends TNumber> void extreme(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<T> x = op.input(0);
            Operand<TInt32> kept = keptShape(tf, op, Shapes.of(tf, x));
            Operand<T> chosen = Tensors.cast(tf, tf.math.equal(x, tf.reshape(op.<T>output(0), kept)), x.type());
            Operand<T> count = tf.sum(chosen, op.<TNumber>input(1), Sum.keepDims(true));
            return tf.math.mul(tf.math.div(chosen, count), tf.reshape(op.<T>gradient(0), kept));
        });
    }

    /** Re(dy) x / ‖x‖, and 0 where the norm is 0. */
    private static <T extends TNumber> void norm(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> scale = op.<T>dy().real().overOrZero(op.<T>out(0));
            return op.<T>in(0).times(scale.reshape(keptShape(tf, op, Shapes.of(tf, op.input(0)))));
        });
    }

    /**
     * Each element gets the product of the others. To divide by the element would fail at zeros, so it is the product
     * of those before it and those after it, along the reduced axes laid out as one.
     */
    private static <T extends TNumber> void prod(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<T> x = op.input(0);
            Operand<TInt32> shape = Shapes.of(tf, x);
            Operand<TInt32> rank = tf.size(shape);
            Operand<TInt32> reduced = axes(tf, op, rank);
            Operand<TInt32> left = tf.setDiff1d(Shapes.range(tf, tf.constant(0), rank), reduced)
                    .out();
            Operand<TInt32> order = Shapes.join(tf, reduced, left);
            Operand<T> ordered = tf.linalg.transpose(x, order);
            Operand<TInt32> table = tf.stack(List.of(count(tf, shape, reduced), count(tf, shape, left)));
            Operand<T> flat = tf.reshape(ordered, table);
            Operand<TInt32> zero = tf.constant(0);
            Operand<T> before = tf.math.cumprod(flat, zero, Cumprod.exclusive(true));
            Operand<T> after = tf.math.cumprod(flat, zero, Cumprod.exclusive(true), Cumprod.reverse(true));
            Operand<T> others = tf.reshape(tf.math.mul(before, after), tf.gather(shape, order, zero));
            Operand<T> inPlace = tf.linalg.transpose(others, tf.math.invertPermutation(order));
            return tf.math.mul(RawOps.conj(tf, inPlace), tf.reshape(op.<T>gradient(0), keptShape(tf, op, shape)));
        });
    }

    private static Operand<TInt32> count(Ops tf, Operand<TInt32> shape, Operand<TInt32> axes) {
        return Shapes.product(tf, tf.gather(shape, axes, tf.constant(0)));
    }

    /** The reduced axes as a vector, counted from the front. */
    private static Operand<TInt32> axes(Ops tf, OpGradient op, Operand<TInt32> rank) {
        return tf.reshape(Shapes.axis(tf, op.<TNumber>input(1), rank), tf.constant(new int[] {-1}));
    }

    /** How many elements each output element is the mean of, in the type of the gradient. */
    private static <T extends TNumber> Operand<T> averaged(Ops tf, OpGradient op, Operand<T> dy) {
        Shape input = Tensors.shape(op.input(0));
        Shape output = Tensors.shape(op.output(0));
        if (!input.hasUnknownDimension() && !output.hasUnknownDimension()) {
            double count = input.size() / (double) Math.max(1, output.size());
            return RawOps.constant(tf, count, dy);
        }
        Operand<TInt32> inputs = tf.size(op.input(0));
        Operand<TInt32> outputs = tf.math.maximum(tf.size(op.output(0)), tf.constant(1));
        return RawOps.cast(tf, tf.math.div(inputs, outputs), dy.asOutput().dataType());
    }

    /** Gives each input element the gradient of the output element it went into. */
    private static <T extends TNumber> Operand<T> spread(Ops tf, OpGradient op, Operand<T> dy) {
        if (Tensors.rank(dy) == 0) {
            return Broadcasting.expandTo(tf, dy, op.input(0));
        }
        Operand<TInt32> shape = tf.shape(op.input(0));
        return tf.broadcastTo(tf.reshape(dy, keptShape(tf, op, shape)), shape);
    }

    /** The output's shape had it kept its reduced dimensions as ones: the input's shape with a 1 at each reduced axis. */
    private static Operand<TInt32> keptShape(Ops tf, OpGradient op, Operand<TInt32> shape) {
        Operand<TInt32> rank = tf.size(shape);
        Operand<TInt32> wrapped = axes(tf, op, rank);
        Operand<TInt32> all = tf.range(tf.constant(0), rank, tf.constant(1));
        return tf.dynamicStitch(List.of(all, wrapped), List.of(shape, tf.onesLike(wrapped)));
    }
}
