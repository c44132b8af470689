package io.github.tapeloop.measure;

import io.github.tapeloop.runtime.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * The places of a batch that count: those whose weight is not 0. What does not count is put out of sight, since 0 times a
 * number that is not finite is not 0, neither in a sum nor in a gradient. A weight that is not a number counts.
 */
public final class Counts {

    private final Operand<TBool> places;

    private Counts(Operand<TBool> places) {
        this.places = places;
    }

    /** Where weights are not 0, or where a mask is true. */
    public static Counts of(Ops tf, Operand<? extends TType> weights) {
        return new Counts(counting(tf, weights));
    }

    @SuppressWarnings("unchecked") // What is not bool is a number.
    private static Operand<TBool> counting(Ops tf, Operand<? extends TType> weights) {
        return weights.type() == TBool.class
                ? (Operand<TBool>) weights
                : notZero(tf, (Operand<? extends TNumber>) weights);
    }

    private static <T extends TNumber> Operand<TBool> notZero(Ops tf, Operand<T> weights) {
        return tf.math.notEqual(weights, Tensors.constant(tf, 0, weights.type()));
    }

    /** Where both count, each seen along the leading dimensions of predictions. */
    public Counts and(Ops tf, Counts other) {
        int rank = Math.max(Tensors.rank(places), Tensors.rank(other.places));
        return new Counts(tf.math.logicalAnd(widened(tf, places, rank), widened(tf, other.places, rank)));
    }

    /**
     * The places of an operand that count, of as many dimensions as it has.
     *
     * @param lacking axes of the operand, from the front and ascending, that weights do not have; behind all others unless
     *     given
     * @return empty if the shapes do not fit, which is for others to say
     */
    public Optional<Operand<TBool>> along(Ops tf, Operand<?> x, int... lacking) {
        Shape shape = Tensors.shape(x);
        int rank = shape.numDimensions();
        int own = Tensors.rank(places);
        Operand<TBool> spread = places;
        if (own > rank) {
            long[] surplus = Arrays.copyOfRange(Tensors.shape(places).asArray(), rank, own);
            if (Arrays.stream(surplus).anyMatch(size -> size != 1)) {
                return Optional.empty();
            }
            List<Long> ones = LongStream.range(rank, own).boxed().toList();
            spread = tf.squeeze(places, Squeeze.axis(ones));
        } else if (own + lacking.length <= rank) {
            spread = widened(tf, spread, rank - lacking.length);
            for (int axis : lacking) {
                spread = tf.expandDims(spread, Tensors.constant(tf, axis));
            }
        }
        spread = widened(tf, spread, rank);
        return fits(Tensors.shape(spread), shape) ? Optional.of(spread) : Optional.empty();
    }

    private static Operand<TBool> widened(Ops tf, Operand<TBool> x, int rank) {
        Operand<TBool> widened = x;
        for (int i = Tensors.rank(x); i < rank; i++) {
            widened = tf.expandDims(widened, Tensors.constant(tf, -1));
        }
        return widened;
    }

    private static boolean fits(Shape places, Shape x) {
        for (int i = 0; i < x.numDimensions(); i++) {
            long size = places.get(i);
            if (size != 1 && size != -1 && x.get(i) != -1 && size != x.get(i)) {
                return false;
            }
        }
        return true;
    }

    /** Predictions, 0 where they do not count; no gradient comes back from there, whatever it is. */
    public Operand<TFloat32> predictions(Ops tf, Operand<TFloat32> prediction, int... lacking) {
        return along(tf, prediction, lacking)
                .<Operand<TFloat32>>map(
                        counted -> tf.math.mulNoNan(prediction, Tensors.cast(tf, counted, prediction.type())))
                .orElse(prediction);
    }

    /** Targets, 0 where they do not count, which every loss takes. */
    public <T extends TNumber> Operand<T> targets(Ops tf, Operand<T> target, int... lacking) {
        return along(tf, target, lacking)
                .<Operand<T>>map(counted -> tf.select(counted, target, Tensors.constant(tf, 0, target.type())))
                .orElse(target);
    }
}
