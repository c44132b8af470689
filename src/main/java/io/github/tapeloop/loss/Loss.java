package io.github.tapeloop.loss;

import java.util.Locale;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * What training minimises: one number for a batch. A lambda is a loss, too; a loss that is to take sample weights or a
 * mask extends {@link PerSampleLoss}, as all losses here do.
 *
 * <p>The settings of a loss end when it is first called, masked or in a metric too; a later change throws {@link
 * IllegalStateException}.
 *
 * <p>The signature speaks of {@code TFloat32}; predictions of a float64 model are float64 at run time, and the losses here
 * follow them.
 */
@FunctionalInterface
public interface Loss {

    /**
     * Computes the mean loss over a batch.
     *
     * @param tf makes ops
     * @param target what should come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …]
     * @return a float32 scalar
     * @throws IllegalArgumentException if the shapes do not fit each other
     */
    Operand<TFloat32> call(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction);

    /**
     * Computes the loss over a batch whose samples count differently.
     *
     * @param tf makes ops
     * @param target what should come out, [batch, …]
     * @param prediction what the model gave, float32 [batch, …]
     * @param sampleWeight how much each sample counts, float32 [batch] or, for samples of several parts, [batch, …]
     * @return a float32 scalar
     * @throws IllegalArgumentException if this loss takes no weights, or the shapes do not fit each other
     */
    default Operand<TFloat32> call(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> sampleWeight) {
        throw new IllegalArgumentException("Loss '" + name() + "' gives one number for a batch and takes no sample"
                + " weights: extend PerSampleLoss, whose values(…) gives one for each sample");
    }

    /**
     * This loss for predictions of which some do not count, such as the padding of sequences.
     *
     * @param mask bool [batch, …], or numbers that are 0 or 1: which predictions count
     * @return a loss for the batch that the mask belongs to
     * @throws IllegalArgumentException if this loss takes no mask
     */
    default Loss masked(Operand<? extends TType> mask) {
        throw new IllegalArgumentException("Loss '" + name() + "' gives one number for a batch and takes no mask:"
                + " extend PerSampleLoss, whose values(…) gives one for each sample");
    }

    /**
     * Whether the loss is safe to trace: whether its Java code may run once for each kind of batch, that is for each
     * combination of shapes and types, while the ops that it made then run with every batch. So its ops must not depend on
     * Java state that changes (a field, a clock, a random number), and it must not read values back.
     *
     * <p>A metric of the loss is as safe as the loss: see {@code Metric.of} and {@code Metric.isTraceable}. Compiled steps
     * trace every loss, as they say.
     *
     * @return false unless overridden; true for the losses here
     */
    default boolean isTraceable() {
        return false;
    }

    /**
     * What the loss is called in logs.
     *
     * @return the name of its class in snake case, {@code mean_squared_error} for example; {@code loss} for a lambda
     */
    default String name() {
        Class<?> type = getClass();
        if (type.isHidden() || type.isAnonymousClass()) {
            return "loss";
        }
        return type.getSimpleName()
                .replaceAll("([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", "$1$3_$2")
                .toLowerCase(Locale.ROOT);
    }

    /**
     * How the values of the samples become one number. There is no "none" among them, since a {@link Loss} is a scalar:
     * {@link PerSampleLoss#values} gives the values themselves.
     */
    public enum Reduction {

        /**
         * Σ weight·value / number of values. With a mask, the number of values that count. The number stays the divisor
         * whatever the weights are: weights of 2 double the loss.
         */
        SUM_OVER_BATCH_SIZE,

        /** Σ weight·value, over those that count. */
        SUM,

        /**
         * Σ weight·value / Σ weight, over those that count; 0 if the weights sum to 0. Weights [batch] of samples with several
         * values count for each value, so that equal weights give the mean; Keras divides by the sum of the weights as given.
         */
        MEAN_WITH_SAMPLE_WEIGHT
    }
}
