package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * Random values with variance scale / fan. The fans of a kernel are its last two dimensions, times the size of its
 * receptive field (the dimensions before), as in Keras.
 */
final class VarianceScaling implements Initializer {

    /** Which number of connections the variance is divided by. */
    enum Fan {
        IN,
        AVERAGE
    }

    /** The standard deviation of a standard normal distribution cut off at ±2. */
    private static final double TRUNCATED_STDDEV = 0.87962566103423978;

    private final double scale;
    private final Fan fan;
    private final boolean uniform;

    private VarianceScaling(double scale, Fan fan, boolean uniform) {
        this.scale = scale;
        this.fan = fan;
        this.uniform = uniform;
    }

    static Initializer uniform(double scale, Fan fan) {
        return new VarianceScaling(scale, fan, true);
    }

    static Initializer truncatedNormal(double scale, Fan fan) {
        return new VarianceScaling(scale, fan, false);
    }

    @Override
    public Operand<TFloat32> initialize(Ops tf, Shape shape, Class<TFloat32> type, Operand<TInt64> seed) {
        double variance = scale / Math.max(1, fan(shape));
        Operand<TInt64> dimensions = tf.constant(shape.asArray());
        if (!uniform) {
            Operand<TFloat32> normal = tf.random.statelessTruncatedNormal(dimensions, seed, type);
            return times(tf, normal, Math.sqrt(variance) / TRUNCATED_STDDEV);
        }
        double limit = Math.sqrt(3 * variance);
        Operand<TFloat32> unit = tf.random.statelessRandomUniform(dimensions, seed, type);
        return tf.math.sub(times(tf, unit, 2 * limit), Tensors.constant(tf, limit, unit.type()));
    }

    private static Operand<TFloat32> times(Ops tf, Operand<TFloat32> x, double factor) {
        return tf.math.mul(x, Tensors.constant(tf, factor, x.type()));
    }

    private double fan(Shape shape) {
        int rank = shape.numDimensions();
        if (rank == 0) {
            return 1;
        }
        if (rank == 1) {
            return shape.get(0);
        }
        double receptiveField = 1;
        for (int i = 0; i < rank - 2; i++) {
            receptiveField *= shape.get(i);
        }
        double in = shape.get(rank - 2) * receptiveField;
        double out = shape.get(rank - 1) * receptiveField;
        return fan == Fan.IN ? in : (in + out) / 2;
    }
}
