package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.Arrays;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/** A learning rate for each stretch of steps, {@link Schedule#piecewiseConstant}. */
final class PiecewiseConstant implements Schedule {

    private final double[] boundaries;
    private final double[] values;

    private PiecewiseConstant(double[] boundaries, double[] values) {
        this.boundaries = boundaries;
        this.values = values;
    }

    static Schedule of(long[] boundaries, double[] values) {
        if (boundaries.length == 0 || values.length != boundaries.length + 1) {
            throw new IllegalArgumentException("Expected at least one boundary and one value more than boundaries, got "
                    + Arrays.toString(boundaries) + " and " + Arrays.toString(values));
        }
        for (int i = 1; i < boundaries.length; i++) {
            if (boundaries[i] <= boundaries[i - 1]) {
                throw new IllegalArgumentException(
                        "Expected boundaries in increasing order, got " + Arrays.toString(boundaries));
            }
        }
        Arrays.stream(values).forEach(value -> Require.notNegative("learning rate", value));
        return new PiecewiseConstant(Arrays.stream(boundaries).asDoubleStream().toArray(), values.clone());
    }

    @Override
    public Operand<TFloat64> learningRate(Ops tf, Operand<TFloat64> step) {
        Operand<TInt32> passed = Tensors.cast(tf, tf.math.greater(step, tf.constant(boundaries)), TInt32.class);
        return tf.gather(tf.constant(values), tf.sum(passed, tf.constant(0)), tf.constant(0));
    }
}
