package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Sum;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/** The way back of broadcasting: what an input was stretched over, its gradient is summed over. */
final class Broadcasting {

    private Broadcasting() {}

    /** Sums a gradient down to the shape of the input it belongs to; nothing is made when they agree already. */
    static <T extends TType> Operand<T> reduceTo(Ops tf, Operand<T> gradient, Operand<?> input) {
        Shape from = Tensors.shape(gradient);
        Shape to = Tensors.shape(input);
        if (!from.hasUnknownDimension() && !to.hasUnknownDimension()) {
            return from.equals(to) ? gradient : reduceKnown(tf, gradient, from, to);
        }
        Operand<TInt32> target = tf.shape(input);
        Operand<TInt32> axes = broadcastAxes(tf, target, tf.shape(gradient));
        return tf.reshape(tf.sum(gradient, axes), target);
    }

    private static <T extends TType> Operand<T> reduceKnown(Ops tf, Operand<T> gradient, Shape from, Shape to) {
        int added = from.numDimensions() - to.numDimensions();
        int[] axes = IntStream.range(0, from.numDimensions())
                .filter(i -> i < added || (to.get(i - added) == 1 && from.get(i) != 1))
                .toArray();
        Operand<T> summed = tf.sum(gradient, tf.constant(axes), Sum.keepDims(added == 0));
        return added == 0 ? summed : tf.reshape(summed, tf.constant(to.asArray()));
    }

    /** The axes of {@code gradient}'s shape over which something of {@code target}'s shape was stretched. */
    private static Operand<TInt32> broadcastAxes(Ops tf, Operand<TInt32> target, Operand<TInt32> gradient) {
        return tf.scope()
                .opBuilder("BroadcastGradientArgs", "BroadcastGradientArgs")
                .addInput(target.asOutput())
                .addInput(gradient.asOutput())
                .build()
                .output(0);
    }

    /** A tensor shaped like an input, all of whose elements are a scalar. */
    static <T extends TType> Operand<T> expandTo(Ops tf, Operand<T> scalar, Operand<?> input) {
        Shape shape = Tensors.shape(input);
        return shape.hasUnknownDimension()
                ? tf.fill(tf.shape(input), scalar)
                : tf.fill(tf.constant(shape.asArray()), scalar);
    }
}
