package io.github.tapeloop.metric;

import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * The root of the mean of (p - t)² over all elements of all batches. Targets and predictions have the same shape,
 * [batch, …].
 */
public final class RootMeanSquaredError extends LossMetric {

    /** Creates a metric named {@code root_mean_squared_error}. */
    public RootMeanSquaredError() {
        this("root_mean_squared_error");
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    public RootMeanSquaredError(String name) {
        super(name, new MeanSquaredError());
    }

    /** In float64: the root may be a number of float32 where the squares are none. */
    @Override
    @SuppressWarnings("unchecked") // float64 flows through TFloat32 signatures.
    Operand<TFloat32> seen(Ops tf, Operand<TFloat32> prediction) {
        return (Operand<TFloat32>) (Operand<?>) Tensors.cast(tf, prediction, TFloat64.class);
    }

    @Override
    protected Operand<? extends TNumber> compute(Ops tf) {
        return tf.math.sqrt(mean(tf));
    }
}
