package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Turns the features of a step by angles that grow with its position, so that the product of two steps depends on how far they
 * are apart (Su et al. 2021). Features i and i + size/2 are a pair, turned by step / maxWavelength^(2i/size), as in KerasHub,
 * GPT-NeoX and Llama. For the queries and keys inside an attention say {@link MultiHeadAttention#useRotary(boolean)}.
 */
public final class RotaryEmbedding extends Layer {

    static final double MAX_WAVELENGTH = 10_000;

    private double maxWavelength = MAX_WAVELENGTH;

    /** Creates a layer. */
    public RotaryEmbedding() {}

    /**
     * How slow the slowest turn is; 10,000 unless set.
     *
     * @param value above 0; the turn takes 2π times as many steps
     * @return this
     */
    public RotaryEmbedding maxWavelength(double value) {
        requireUnused("maxWavelength");
        this.maxWavelength = Require.positive("RotaryEmbedding maxWavelength", value);
        return this;
    }

    /**
     * Turns. The output has the mask of x.
     *
     * @param pass makes ops
     * @param x float32 [batch, steps, …, size], steps and size known, size even
     * @return float32 of the same shape
     * @throws IllegalArgumentException if x has fewer than 3 dimensions, unknown sizes, or an odd size
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        Shape shape = StepPositions.require(this, x);
        if (shape.get(-1) % 2 != 0) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (RotaryEmbedding) turns pairs of features, and needs"
                            + " an even size, got " + Tensors.describe(x));
        }
        return pass.keepMask(x, turned(tf, x, 1, maxWavelength));
    }

    /** The series x, whose steps are along an axis, and whose features, an even number, along the last. */
    static Operand<TFloat32> turned(Ops tf, Operand<TFloat32> x, int axis, double maxWavelength) {
        Shape shape = Tensors.shape(x);
        int size = Math.toIntExact(shape.get(-1));
        long[] along = new long[shape.numDimensions() - axis];
        Arrays.fill(along, 1);
        along[0] = shape.get(axis);
        along[along.length - 1] = size;
        StepPositions.OfFeature turn = feature -> Math.pow(maxWavelength, -(2.0 * (feature % (size / 2))) / size);
        Operand<TFloat32> cosines = tf.reshape(
                StepPositions.waves(tf, x, along[0], size, turn, feature -> 0, feature -> 1), tf.constant(along));
        Operand<TFloat32> sines = tf.reshape( // That of the second half is subtracted from the first.
                StepPositions.waves(tf, x, along[0], size, turn, feature -> feature < size / 2 ? -1 : 1, feature -> 0),
                tf.constant(along));
        List<Operand<TFloat32>> halves =
                List.copyOf(tf.split(tf.constant(-1), x, 2L).output());
        Operand<TFloat32> swapped = tf.concat(List.of(halves.get(1), halves.get(0)), tf.constant(-1));
        return tf.math.add(tf.math.mul(x, cosines), tf.math.mul(swapped, sines));
    }
}
