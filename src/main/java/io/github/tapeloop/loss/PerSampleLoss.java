package io.github.tapeloop.loss;

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
 * <p>Without weights and mask a loss is the mean of its values, unless {@link #reduction} says otherwise.
 */
public abstract class PerSampleLoss implements Loss {

    private Reduction reduction = Reduction.SUM_OVER_BATCH_SIZE;

    /** Creates a loss that is reduced by {@link Reduction#SUM_OVER_BATCH_SIZE}. */
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
     * @param way {@link Reduction#SUM_OVER_BATCH_SIZE} unless set
     * @return this
     */
    public final PerSampleLoss reduction(Reduction way) {
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

    /** Numbers with the mean of {@link #values}, if those can be had with fewer ops. */
    Operand<TFloat32> elements(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return values(tf, target, prediction);
    }

    /** Which values the loss itself leaves out, true or 1 where they count: a mask shaped like the values. */
    Optional<Operand<? extends TType>> counted(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Operand<TFloat32> values) {
        return Optional.empty();
    }

    /** Whether {@link #counted} may give a mask. */
    boolean leavesOut() {
        return false;
    }

    /** Whether the values belong to samples; those of a whole batch cannot be weighted. */
    boolean isPerSample() {
        return true;
    }

    final Operand<TFloat32> call(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Optional<Operand<? extends TNumber>> sampleWeight,
            Optional<Operand<? extends TType>> mask) {
        if (sampleWeight.isPresent() || mask.isPresent()) {
            requirePerSample();
        } else if (!leavesOut() && reduction != Reduction.SUM) {
            return Weighting.mean(tf, elements(tf, target, prediction));
        }
        Operand<TFloat32> values = values(tf, target, prediction);
        String loss = getClass().getSimpleName();
        Weighting weighting = new Weighting(tf, values);
        sampleWeight.ifPresent(weight -> weighting.weigh(weight, loss));
        mask.ifPresent(given -> weighting.mask(given, loss));
        counted(tf, target, prediction, values).ifPresent(own -> weighting.mask(own, loss));
        return weighting.reduce(reduction);
    }

    private void requirePerSample() {
        if (!isPerSample()) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName() + " has one value for the whole batch and"
                            + " takes no sample weights and no mask: set its axis to the axes of a sample, those after the first");
        }
    }
}
