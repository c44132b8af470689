package io.github.tapeloop.metric;

import io.github.tapeloop.measure.FullPrecision;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The weighted mean of a value for each element, or for each example: Σ w v / Σ w over all batches. Sample weights, the
 * masks of a model, merging and reading come with it.
 *
 * <pre>{@code
 * final class WithinOne extends MeanMetric {
 *     WithinOne() { super("within_one"); }
 *     @Override protected Operand<?> values(
 *             Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
 *         Operand<TFloat32> error = tf.math.sub(prediction, tf.dtypes.cast(target, TFloat32.class));
 *         return tf.math.less(tf.math.abs(error), tf.constant(1f));
 *     }
 *     @Override public boolean higherIsBetter() { return true; }
 *     @Override public boolean isTraceable() { return true; }
 * }
 * }</pre>
 *
 * <p>What has weight 0 is left out, whatever its value. A comparison has an answer to not a number, which makes it a wrong
 * prediction; give not a number for it, as the metrics here do, if that is to be seen.
 *
 * <p>Keras averages over an example first; with a fixed number of elements in each example that is the same. For the mean
 * of a loss there is {@link Metric#of}.
 */
public abstract class MeanMetric extends Metric {

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     */
    protected MeanMetric(String name) {
        super(name);
    }

    /**
     * What is averaged.
     *
     * @param tf makes ops
     * @param target what should have come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …]
     * @return numbers or booleans, [batch] or [batch, …]
     * @throws IllegalArgumentException if the shapes do not fit each other
     */
    protected abstract Operand<?> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction);

    /** Refuses weights of samples if the values belong to none. */
    void requireSamples(Operand<TFloat32> prediction) {}

    @Override
    public final void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        average(tf, values(tf, target, FullPrecision.of(tf, prediction)), Weights.NONE);
    }

    @Override
    public final void update(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> sampleWeight) {
        Operand<TFloat32> full = FullPrecision.of(tf, prediction);
        requireSamples(full);
        average(tf, values(tf, target, full), Weights.of(name(), sampleWeight));
    }
}
