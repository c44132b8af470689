package io.github.tapeloop.layer;

import io.github.tapeloop.op.DecodedSteps;
import io.github.tapeloop.runtime.Tensors;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** Angles of steps: what positions are told by without a weight. */
final class StepPositions {

    private StepPositions() {}

    /** A number for each feature, counted from 0. */
    @FunctionalInterface
    interface OfFeature {
        double of(int feature);
    }

    /**
     * Sines and cosines of the positions of steps, computed in float64 and rounded once: sine · sin(step · turn) + cosine ·
     * cos(step · turn).
     *
     * @param x what they are for, of the type of the result
     * @param turn the angle of step 1
     * @param sine how much of the sine there is
     * @param cosine how much of the cosine there is
     * @return [steps, size]
     */
    static Operand<TFloat32> waves(
            Ops tf, Operand<TFloat32> x, long steps, int size, OfFeature turn, OfFeature sine, OfFeature cosine) {
        return DecodedSteps.of(tf, x)
                .map(decoded -> following(tf, x.type(), decoded, size, turn, sine, cosine))
                .orElseGet(() -> first(tf, x.type(), steps, size, turn, sine, cosine));
    }

    /** Those of the first steps, a constant. */
    private static Operand<TFloat32> first(
            Ops tf, Class<TFloat32> type, long steps, int size, OfFeature turn, OfFeature sine, OfFeature cosine) {
        double[] values = new double[Math.toIntExact(Math.multiplyExact(steps, (long) size))];
        for (int i = 0; i < values.length; i++) {
            int feature = i % size;
            double angle = (long) (i / size) * turn.of(feature);
            values[i] = sine.of(feature) * Math.sin(angle) + cosine.of(feature) * Math.cos(angle);
        }
        Operand<TFloat64> exact = tf.constant(Shape.of(steps, size), DataBuffers.of(values));
        return Tensors.cast(tf, exact, type);
    }

    /** Those of steps that follow others. */
    private static Operand<TFloat32> following(
            Ops tf,
            Class<TFloat32> type,
            DecodedSteps decoded,
            int size,
            OfFeature turn,
            OfFeature sine,
            OfFeature cosine) {
        Operand<TFloat64> positions =
                tf.expandDims(Tensors.cast(tf, decoded.positions(tf), TFloat64.class), tf.constant(-1));
        Operand<TFloat64> angles = tf.math.mul(positions, each(tf, size, turn));
        return Tensors.cast(
                tf,
                tf.math.add(
                        tf.math.mul(tf.math.sin(angles), each(tf, size, sine)),
                        tf.math.mul(tf.math.cos(angles), each(tf, size, cosine))),
                type);
    }

    private static Operand<TFloat64> each(Ops tf, int size, OfFeature number) {
        return tf.constant(IntStream.range(0, size).mapToDouble(number::of).toArray());
    }

    /** The shape of a series [batch, steps, …, size]; fails if it is no series, or of an unknown number of steps. */
    static Shape require(Layer layer, Operand<?> x) {
        Shape shape = Tensors.shape(x);
        if (shape.numDimensions() < 3 || shape.get(1) == Shape.UNKNOWN_SIZE || shape.get(-1) == Shape.UNKNOWN_SIZE) {
            throw new IllegalArgumentException(
                    "Layer '" + layer.path() + "' (" + layer.getClass().getSimpleName()
                            + ") expects [batch, steps, …, size] with known steps and size, got "
                            + Tensors.describe(x));
        }
        return shape;
    }
}
