package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** Sums and means. */
final class ReductionRules {

    private ReductionRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Sum", ReductionRules::sum);
        rules.put("Mean", ReductionRules::mean);
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

    /** How many elements each output element is the mean of, in the type of the gradient. */
    private static <T extends TNumber> Operand<T> averaged(Ops tf, OpGradient op, Operand<T> dy) {
        Shape input = Tensors.shape(op.input(0));
        Shape output = Tensors.shape(op.output(0));
        if (!input.hasUnknownDimension() && !output.hasUnknownDimension()) {
            double count = input.size() / (double) Math.max(1, output.size());
            return Tensors.constant(tf, count, dy.type());
        }
        Operand<TInt32> inputs = tf.size(op.input(0));
        Operand<TInt32> outputs = tf.math.maximum(tf.size(op.output(0)), tf.constant(1));
        return Cast.create(tf.scope(), tf.math.div(inputs, outputs), dy.type());
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
        Operand<TInt32> axes = Cast.create(tf.scope(), op.<TNumber>input(1), TInt32.class);
        Operand<TInt32> wrapped =
                tf.reshape(tf.math.floorMod(tf.math.add(axes, rank), rank), tf.constant(new int[] {-1}));
        Operand<TInt32> all = tf.range(tf.constant(0), rank, tf.constant(1));
        return tf.dynamicStitch(List.of(all, wrapped), List.of(shape, tf.onesLike(wrapped)));
    }
}
