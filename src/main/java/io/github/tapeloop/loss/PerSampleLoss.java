package io.github.tapeloop.loss;

import io.github.tapeloop.settings.Settings;
import java.util.Objects;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * A loss that has a value for each sample, and so can weigh samples and leave some out.
 *
 * <pre>{@code
 * final class SquaredNorm extends PerSampleLoss {
 *     @Override public Operand<TFloat32> values(
 *             Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
 *         return tf.sum(tf.math.square(prediction), tf.constant(-1));
 *     }
 * }
 * }</pre>
 *
 * <p>One of these is a metric, too: {@code Metric.of(loss)}. If it is safe to trace, let it say so by {@link #isTraceable}.
 *
 * <p>Without weights and mask a loss is the mean of its values, unless {@link #reduction} says otherwise.
 */
public abstract class PerSampleLoss implements Loss {

    /** End with the first use of the loss, in a mask or a metric too. */
    final Settings settings = new Settings();

    private Loss.Reduction reduction = Loss.Reduction.SUM_OVER_BATCH_SIZE;

    /** Creates a loss that is reduced by {@link Loss.Reduction#SUM_OVER_BATCH_SIZE}. */
    protected PerSampleLoss() {}

    /**
     * The value of each sample.
     *
     * @param tf makes ops
     * @param target what should come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …, n]
     * @return float32 [batch, …], usually without the last dimension of the predictions
     * @throws IllegalArgumentException if the shapes do not fit each other
     */
    public abstract Operand<TFloat32> values(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction);

    /**
     * Sets how the values become one number.
     *
     * @param way {@link Loss.Reduction#SUM_OVER_BATCH_SIZE} unless set
     * @return this
     * @throws IllegalStateException if the loss was used already
     */
    public final PerSampleLoss reduction(Loss.Reduction way) {
        settings.change(this, "reduction");
        this.reduction = Objects.requireNonNull(way, "reduction");
        return this;
    }

    @Override
    public final Operand<TFloat32> call(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return call(tf, target, prediction, Optional.empty(), Optional.empty());
    }

    @Override
    public final Operand<TFloat32> call(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> sampleWeight) {
        return call(tf, target, prediction, Optional.of(sampleWeight), Optional.empty());
    }

    /**
     * {@inheritDoc}
     *
     * <p>The mask has the shape of {@link #values}, or that of its first dimensions. What does not count adds nothing to
     * the loss and is not among what a mean divides by.
     */
    @Override
    public final Loss masked(Operand<? extends TType> mask) {
        return new Masked(this, mask);
    }

    /**
     * Which values count, if the loss itself leaves some out: samples of a class to be ignored, for example. Neither the
     * loss nor a metric of it counts the others. All do unless overridden.
     *
     * @param tf makes ops
     * @param target what should come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …, n]
     * @param values what {@link #values} gave for them
     * @return bool, or numbers that are 0 or 1, shaped like the values; empty if all count
     */
    public Optional<Operand<? extends TType>> counted(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Operand<TFloat32> values) {
        return Optional.empty();
    }

    /**
     * Whether the values belong to samples. Those of a whole batch, such as the overlap of all its pictures together, can
     * be neither weighted nor masked.
     *
     * @param prediction what the model gave, float32 [batch, …, n]
     * @return true unless overridden
     */
    public boolean isPerSample(Operand<TFloat32> prediction) {
        return true;
    }

    /**
     * The value of each element, of a loss whose values are the means of such over one axis and that leaves none out: what
     * weights for each element belong to, in a metric of the loss.
     *
     * @param tf makes ops
     * @param target what should come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …, n]
     * @return float32 in the shape of the predictions; empty unless overridden
     */
    public Optional<Operand<TFloat32>> elements(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return Optional.empty();
    }

    /** Numbers with the mean of {@link #values}, if those can be had with fewer ops and all of them count. */
    Optional<Operand<TFloat32>> summands(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return Optional.empty();
    }

    final Operand<TFloat32> call(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Optional<Operand<? extends TNumber>> sampleWeight,
            Optional<Operand<? extends TType>> mask) {
        settings.use();
        if (sampleWeight.isPresent() || mask.isPresent()) {
            requirePerSample(prediction);
        } else if (reduction != Loss.Reduction.SUM) {
            Optional<Operand<TFloat32>> summands = summands(tf, target, prediction);
            if (summands.isPresent()) {
                return Weighting.mean(tf, summands.get());
            }
        }
        Operand<TFloat32> values = values(tf, target, prediction);
        String loss = getClass().getSimpleName();
        Weighting weighting = new Weighting(tf, values);
        sampleWeight.ifPresent(weight -> weighting.weigh(weight, loss));
        mask.ifPresent(given -> weighting.mask(given, loss));
        counted(tf, target, prediction, values).ifPresent(own -> weighting.mask(own, loss));
        return weighting.reduce(reduction);
    }

    private void requirePerSample(Operand<TFloat32> prediction) {
        if (!isPerSample(prediction)) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName() + " has one value for the whole batch and"
                            + " takes no sample weights and no mask: set its axis to the axes of a sample, those after the first");
        }
    }
}
