package io.github.tapeloop.loss;

import io.github.tapeloop.measure.Counts;
import io.github.tapeloop.measure.FullPrecision;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Settings;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
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
 * <p>Without weights and mask a loss is the mean of its values, unless {@link #reduction} says otherwise. What has weight 0,
 * or is masked, is left out and never multiplied by 0: its targets and predictions are 0 to the loss. Predictions in half
 * precision are computed in float32, and so is the loss.
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
     * The value of each sample, where what does not count is put out of sight: targets and predictions of weight 0 are taken
     * as 0, so that whatever they are, infinite or not a number too, they change nothing, and no gradient comes back from
     * them.
     *
     * @param tf makes ops
     * @param target what should come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …, n]; half precision is computed in float32
     * @param sampleWeight how much each sample counts, of which only matters here whether it is 0; or a mask
     * @return float32 [batch, …], not weighted; what stands where nothing counts means nothing
     * @throws IllegalArgumentException if the shapes do not fit each other
     */
    public final Operand<TFloat32> values(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TType> sampleWeight) {
        settings.use();
        return see(tf, target, FullPrecision.of(tf, prediction), Counts.of(tf, sampleWeight))
                .values();
    }

    /** What a loss sees of a batch, and the values. */
    private record Sight(Operand<? extends TNumber> target, Operand<TFloat32> prediction, Operand<TFloat32> values) {}

    private Sight see(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Counts counts) {
        int[] lacking = lacking(prediction);
        Operand<? extends TNumber> y = counts.targets(tf, target, lacking);
        Operand<TFloat32> x = counts.predictions(tf, prediction, lacking);
        return new Sight(y, x, valuesOf(tf, y, x, counts));
    }

    /** The values, where what does not count was put out of sight: 0 for each target and prediction. */
    Operand<TFloat32> valuesOf(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Counts counts) {
        return values(tf, target, prediction);
    }

    /**
     * The axes of the predictions that the values do not have, which says what targets and predictions a weight belongs to.
     * A loss whose values lie along other than the leading dimensions of the predictions overrides this, that what does not
     * count can be kept from it.
     *
     * @param prediction what the model gave, float32 [batch, …, n]
     * @return axes, counted from the back if negative; the last unless overridden
     */
    protected int[] reducedAxes(Operand<TFloat32> prediction) {
        return new int[] {-1};
    }

    /** These, from the front and ascending; none if they are the last ones. */
    private int[] lacking(Operand<TFloat32> prediction) {
        int rank = Tensors.rank(prediction);
        int[] axes = Arrays.stream(reducedAxes(prediction))
                .map(axis -> axis < 0 ? axis + rank : axis)
                .sorted()
                .toArray();
        boolean last = IntStream.range(0, axes.length).allMatch(i -> axes[i] == rank - axes.length + i);
        return last ? new int[0] : axes;
    }

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
     * <p>The mask has the shape of the values, or that of its first dimensions. What does not count adds nothing to the loss
     * and to its gradients, whatever it is, and is not among what a mean divides by.
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
     * @param values what {@link #values(Ops, Operand, Operand)} gave for them
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

    /** Numbers with the mean of the values, if those can be had with fewer ops and all of them count. */
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
        Operand<TFloat32> full = FullPrecision.of(tf, prediction);
        Optional<Counts> counts = counts(tf, sampleWeight, mask);
        if (counts.isEmpty() && reduction != Loss.Reduction.SUM) {
            Optional<Operand<TFloat32>> summands = summands(tf, target, full);
            if (summands.isPresent()) {
                return Weighting.mean(tf, summands.get());
            }
        }
        counts.ifPresent(some -> requirePerSample(full));
        Sight sight = counts.map(some -> see(tf, target, full, some))
                .orElseGet(() -> new Sight(target, full, values(tf, target, full)));
        String loss = getClass().getSimpleName();
        Weighting weighting = new Weighting(tf, sight.values());
        sampleWeight.ifPresent(weight -> weighting.weigh(weight, loss));
        mask.ifPresent(given -> weighting.mask(given, loss));
        counted(tf, sight.target(), sight.prediction(), sight.values()).ifPresent(own -> weighting.mask(own, loss));
        return weighting.reduce(reduction);
    }

    private static Optional<Counts> counts(
            Ops tf, Optional<Operand<? extends TNumber>> sampleWeight, Optional<Operand<? extends TType>> mask) {
        Optional<Counts> shown = mask.map(given -> Counts.of(tf, given));
        Optional<Counts> weighed = sampleWeight.map(given -> Counts.of(tf, given));
        return shown.isPresent() && weighed.isPresent()
                ? Optional.of(shown.get().and(tf, weighed.get()))
                : shown.or(() -> weighed);
    }

    private void requirePerSample(Operand<TFloat32> prediction) {
        if (!isPerSample(prediction)) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName() + " has one value for the whole batch and"
                            + " takes no sample weights and no mask: set its axis to the axes of a sample, those after the first");
        }
    }

    /** Its {@link #name}. */
    @Override
    public String toString() {
        return name();
    }
}
