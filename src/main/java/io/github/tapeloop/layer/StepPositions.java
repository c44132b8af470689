package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** Angles of steps: what positions are told by without a weight. */
final class StepPositions {

    private StepPositions() {}

    /** An angle of a step and a feature of it, each counted from 0. */
    @FunctionalInterface
    interface Angle {
        double of(long step, int feature);
    }

    /** The function of an angle. */
    @FunctionalInterface
    interface Wave {
        double of(double angle, int feature);
    }

    /** A constant [steps, size] of the type of x, computed in float64 and rounded once. */
    static Operand<TFloat32> constant(Ops tf, Class<TFloat32> type, long steps, int size, Angle angle, Wave wave) {
        double[] values = new double[Math.toIntExact(Math.multiplyExact(steps, (long) size))];
        for (int i = 0; i < values.length; i++) {
            int feature = i % size;
            values[i] = wave.of(angle.of(i / size, feature), feature);
        }
        Operand<TFloat64> exact = tf.constant(Shape.of(steps, size), DataBuffers.of(values));
        return Tensors.cast(tf, exact, type);
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
