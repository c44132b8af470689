package io.github.tapeloop.layer;

import io.github.tapeloop.measure.Norms;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * Multiplies two inputs example by example and sums along an axis of each: [batch, n] and [batch, n] give [batch, 1]; [batch,
 * n, i] and [batch, n, j] give [batch, i, j]. The output has no mask. In mixed precision it is summed in float32.
 */
public final class Dot extends Merge {

    /** What shorter vectors are divided by instead of their norm. */
    private static final double FLOOR = 1e-7;

    private final int firstAxis;
    private final int secondAxis;
    private boolean normalize;

    /**
     * Sums along the same axis of both.
     *
     * @param axes the axis, counted from the back if negative; not the batch's
     */
    public Dot(int axes) {
        this(axes, axes);
    }

    /**
     * Sums along an axis of each.
     *
     * @param firstAxis the axis of the first input, counted from the back if negative; not the batch's
     * @param secondAxis the axis of the second input
     */
    public Dot(int firstAxis, int secondAxis) {
        if (firstAxis == 0 || secondAxis == 0) {
            throw new IllegalArgumentException(
                    "Dot cannot sum along axis 0, the batch, got axes " + firstAxis + " and " + secondAxis);
        }
        this.firstAxis = firstAxis;
        this.secondAxis = secondAxis;
    }

    /**
     * Whether to give both norm 1 along their axis first, so that the output is a cosine; false unless set. Vectors shorter
     * than 1e-7 are divided by that, as in Keras, and have no slope.
     *
     * @param use true to normalize
     * @return this
     */
    public Dot normalize(boolean use) {
        requireUnused("normalize");
        this.normalize = use;
        return this;
    }

    @Override
    int arity() {
        return 2;
    }

    @Override
    protected InputType inputType() {
        return InputType.FLOATING;
    }

    @Override
    protected Operand<TFloat32> merge(Ops tf, List<Operand<TFloat32>> inputs) {
        Operand<TFloat32> a = DtypePolicy.full(tf, inputs.get(0));
        Operand<TFloat32> b = DtypePolicy.full(tf, inputs.get(1));
        int rank = Tensors.rank(a);
        int first = Dimensions.axes(this, a, firstAxis)[0];
        int second = Dimensions.axes(this, b, secondAxis)[0];
        if (first == 0 || second == 0) {
            throw new IllegalArgumentException(described() + " cannot sum along axis 0, the batch, got "
                    + inputs.stream().map(Tensors::describe).toList() + " and axes " + firstAxis + " and "
                    + secondAxis);
        }
        if (normalize) {
            a = Norms.unit(tf, a, FLOOR, first);
            b = Norms.unit(tf, b, FLOOR, second);
        }
        String ofFirst = letters(rank, first, 'b');
        String ofSecond = letters(rank, second, (char) ('b' + rank - 1));
        String kept = (ofFirst + ofSecond.substring(1)).replace("z", "");
        Operand<TFloat32> product = Tensors.cast(
                tf,
                tf.linalg.einsum(List.of(a, b), ofFirst + "," + ofSecond + "->" + kept),
                inputs.get(0).type());
        return rank == 2 ? tf.expandDims(product, tf.constant(-1)) : product;
    }

    @Override
    Operand<TBool> mask(MergedMasks masks) {
        return null;
    }

    /** The axes of an input for an einsum: a for the batch, z for the one that is summed along, others from a letter on. */
    private static String letters(int rank, int summed, char from) {
        return IntStream.range(0, rank)
                .mapToObj(axis -> axis == 0 ? "a" : axis == summed ? "z" : String.valueOf((char) (from + axis - 1)))
                .reduce("", String::concat);
    }
}
