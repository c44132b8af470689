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

    /** What numbers mean, predictions or targets. */
    enum Scale {
        /** Anything, a price or a temperature; also what nothing is said about. */
        NUMBERS,
        /** Probabilities of yes, each by itself, in [0, 1]; as targets 0 and 1 or between. */
        PROBABILITIES,
        /** Logits of such: their sigmoid is the probability. */
        LOGITS,
        /** Probabilities of classes that exclude each other, in [0, 1] and together 1; as targets one-hot. */
        CLASS_PROBABILITIES,
        /** Logits of such: their softmax are the probabilities. */
        CLASS_LOGITS,
        /** One number for each of several classes, of which only the order matters: probabilities or logits. */
        CLASS_SCORES,
        /** Whole numbers from 0, each that of a class. */
        CLASS_NUMBERS;

        /**
         * Whether these are probabilities once an activation was applied.
         *
         * @return true for logits of either kind
         */
        public boolean isLogits() {
            return this == LOGITS || this == CLASS_LOGITS;
        }
    }

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
     * What the loss takes predictions for. Metrics beside it in a trainer that compare probabilities with thresholds take them
     * for the same, and the first step of a fit looks whether they can be that.
     *
     * @return {@link Scale#NUMBERS} unless overridden
     */
    default Scale predictionScale() {
        return Scale.NUMBERS;
    }

    /**
     * What the loss takes targets for.
     *
     * @return {@link Scale#NUMBERS} unless overridden
     */
    default Scale targetScale() {
        return Scale.NUMBERS;
    }

    /**
     * Predictions as probabilities, for metrics beside a loss of logits. Its Java code must be safe to trace, as
     * {@link #isTraceable} says.
     *
     * @param tf makes ops
     * @param prediction what the model gave, float32 [batch, …]
     * @return the predictions themselves unless overridden: their sigmoid or softmax for the losses of logits here
     */
    default Operand<TFloat32> probabilities(Ops tf, Operand<TFloat32> prediction) {
        return prediction;
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
