package io.github.tapeloop.metric;

import io.github.tapeloop.measure.Counts;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * How much each value of a batch counts. Weights [batch] or [batch, …] belong to the leading dimensions of the values:
 * dimensions of 1 are appended until they broadcast, a last dimension of 1 too many is dropped. What has weight 0 is left out,
 * never multiplied by 0.
 */
final class Weights {

    /** Every value counts once. */
    static final Weights NONE = new Weights("", null);

    private final String metric;
    private final Operand<? extends TNumber> given;

    private Weights(String metric, Operand<? extends TNumber> given) {
        this.metric = metric;
        this.given = given;
    }

    static Weights of(String metric, Operand<? extends TNumber> given) {
        return new Weights(metric, given);
    }

    /** These weights where a mask shaped like the values, of booleans or of 0 and 1, says that they count, else 0. */
    Weights masked(Ops tf, Operand<?> values, Operand<? extends TType> mask) {
        Operand<TFloat64> shown = Tensors.cast(tf, mask, TFloat64.class);
        return of(metric, given == null ? shown : tf.math.mulNoNan(align(tf, values), shown));
    }

    /** Σ w v and Σ w over all values, float64 scalars. */
    record Sums(Operand<TFloat64> total, Operand<TFloat64> weight) {}

    /**
     * Sums up values.
     *
     * @param tf makes ops
     * @param values numbers or booleans of any shape
     * @return their weighted sum, and the sum of the weights: how many there are, if all count once
     */
    Sums sums(Ops tf, Operand<?> values) {
        Operand<TFloat64> numbers = Tensors.cast(tf, values, TFloat64.class);
        if (given == null) {
            return new Sums(sum(tf, numbers), count(tf, numbers));
        }
        Operand<TFloat64> weights = align(tf, numbers);
        return new Sums(sum(tf, tf.math.mulNoNan(numbers, weights)), repeated(tf, weights, numbers));
    }

    /** The values, each times its weight: 0 where that is, whatever the value. */
    Operand<TFloat64> times(Ops tf, Operand<TFloat64> values) {
        return given == null ? values : tf.math.mulNoNan(values, align(tf, values));
    }

    /** Predictions with another number where they have no weight, for formulas in which elements of a row meet. */
    Operand<TFloat32> shown(Ops tf, Operand<TFloat32> prediction, double otherwise) {
        return given == null
                ? prediction
                : Counts.of(tf, given)
                        .along(tf, prediction)
                        .<Operand<TFloat32>>map(counted ->
                                tf.select(counted, prediction, Tensors.constant(tf, otherwise, prediction.type())))
                        .orElse(prediction);
    }

    /** 0, or not a number if something that counts is unknown: what is to be added to counts of answers. */
    Operand<TFloat64> unknown(Ops tf, Operand<TBool> unknown) {
        return unknown(tf, unknown, over(tf, unknown));
    }

    /** The same with a weight for each. */
    static Operand<TFloat64> unknown(Ops tf, Operand<TBool> unknown, Operand<TFloat64> weights) {
        Operand<TFloat64> each = tf.select(unknown, tf.constant(Double.NaN), tf.constant(0.0));
        return sum(tf, tf.math.mulNoNan(each, weights));
    }

    /** One weight, float64, for each element of an operand and in its shape. */
    Operand<TFloat64> over(Ops tf, Operand<?> elements) {
        Operand<TFloat64> weights = given == null ? tf.constant(1.0) : align(tf, elements);
        boolean complete = Tensors.shape(weights).equals(Tensors.shape(elements))
                && !Tensors.shape(weights).hasUnknownDimension();
        return complete ? weights : tf.broadcastTo(weights, tf.shape(elements));
    }

    /** The sum of all elements. */
    static Operand<TFloat64> sum(Ops tf, Operand<TFloat64> values) {
        int rank = Tensors.rank(values);
        if (rank == 0) {
            return values;
        }
        if (rank == 1) {
            return tf.sum(values, tf.constant(0));
        }
        return tf.sum(tf.reshape(values, tf.constant(new int[] {-1})), tf.constant(0));
    }

    private static Operand<TFloat64> count(Ops tf, Operand<TFloat64> values) {
        Shape shape = Tensors.shape(values);
        return shape.hasUnknownDimension()
                ? Tensors.cast(tf, tf.size(values), TFloat64.class)
                : tf.constant((double) shape.size());
    }

    /** The sum of the weights after broadcasting them, without doing so where the shapes tell how often each counts. */
    private static Operand<TFloat64> repeated(Ops tf, Operand<TFloat64> weights, Operand<TFloat64> values) {
        Shape shape = Tensors.shape(values);
        Shape weighted = Tensors.shape(weights);
        long copies = 1;
        for (int i = 0; i < shape.numDimensions(); i++) {
            boolean repeated = weighted.numDimensions() == 0 || weighted.get(i) == 1;
            if (repeated && shape.get(i) == Shape.UNKNOWN_SIZE) {
                return sum(tf, tf.broadcastTo(weights, tf.shape(values)));
            }
            copies *= repeated ? shape.get(i) : 1;
        }
        Operand<TFloat64> once = sum(tf, weights);
        return copies == 1 ? once : tf.math.mul(once, tf.constant((double) copies));
    }

    private Operand<TFloat64> align(Ops tf, Operand<?> values) {
        Operand<TFloat64> weights = Tensors.cast(tf, given, TFloat64.class);
        Shape shape = Tensors.shape(values);
        Shape weighted = Tensors.shape(weights);
        if (weighted.numDimensions() == shape.numDimensions() + 1 && weighted.get(-1) == 1) {
            weights = tf.squeeze(weights, Squeeze.axis(List.of(-1L)));
            weighted = weighted.take(shape.numDimensions());
        }
        requireLeading(weighted, shape, values);
        if (weighted.numDimensions() > 0) {
            for (int i = weighted.numDimensions(); i < shape.numDimensions(); i++) {
                weights = tf.expandDims(weights, tf.constant(-1));
            }
        }
        return weights;
    }

    private void requireLeading(Shape weighted, Shape shape, Operand<?> values) {
        boolean fits = weighted.numDimensions() <= shape.numDimensions();
        for (int i = 0; fits && i < weighted.numDimensions(); i++) {
            long size = weighted.get(i);
            fits = size == 1
                    || size == shape.get(i)
                    || size == Shape.UNKNOWN_SIZE
                    || shape.get(i) == Shape.UNKNOWN_SIZE;
        }
        if (!fits) {
            throw new IllegalArgumentException("Metric '" + metric + "' expects a weight for each example of "
                    + Tensors.describe(values) + ", or for each of its elements, got " + Tensors.describe(given));
        }
    }
}
