package io.github.tapeloop.layer;

import io.github.tapeloop.settings.Require;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * Random values with variance scale / fan. The fans of a kernel are its last two dimensions, times the size of its
 * receptive field (the dimensions before), as in Keras. A kernel of three dimensions that is a matrix, as those of {@link
 * MultiHeadAttention}, has the fans of the matrix.
 */
public final class VarianceScaling implements Initializer {

    /** Which number of connections the variance is divided by. */
    public enum Mode {
        /** Those into a unit. */
        FAN_IN,
        /** Those out of a unit. */
        FAN_OUT,
        /** The mean of both. */
        FAN_AVG
    }

    /** What values are drawn from; all have mean 0. */
    public enum Distribution {
        /** Normal cut off at two of its standard deviations, which are wider to keep the variance. */
        TRUNCATED_NORMAL,
        /** Normal. */
        UNTRUNCATED_NORMAL,
        /** Uniform in ±√(3 · variance). */
        UNIFORM
    }

    /** The standard deviation of a standard normal distribution cut off at ±2. */
    private static final double TRUNCATED_STDDEV = 0.87962566103423978;

    private final double scale;
    private final Mode mode;
    private final Distribution distribution;

    /** Scale 1, fan in, truncated normal: Keras' defaults. */
    public VarianceScaling() {
        this(1, Mode.FAN_IN, Distribution.TRUNCATED_NORMAL);
    }

    /**
     * Creates an initializer.
     *
     * @param scale what is divided by the fan, above 0
     * @param mode which fan
     * @param distribution what values are drawn from
     */
    public VarianceScaling(double scale, Mode mode, Distribution distribution) {
        this.scale = Require.positive("VarianceScaling scale", scale);
        this.mode = Objects.requireNonNull(mode, "mode");
        this.distribution = Objects.requireNonNull(distribution, "distribution");
    }

    @Override
    public Operand<TFloat32> initialize(Ops tf, Shape shape, Class<TFloat32> type, Operand<TInt64> seed) {
        return initialize(tf, shape, type, seed, fan(shape));
    }

    /** The same of a kernel that is a matrix [in, out] in another shape. */
    Initializer ofMatrix(long in, long out) {
        return (tf, shape, type, seed) -> initialize(tf, shape, type, seed, fan(in, out));
    }

    private Operand<TFloat32> initialize(Ops tf, Shape shape, Class<TFloat32> type, Operand<TInt64> seed, double fan) {
        double variance = scale / Math.max(1, fan);
        double limit = Math.sqrt(3 * variance);
        Initializer drawn =
                switch (distribution) {
                    case TRUNCATED_NORMAL -> Initializer.truncatedNormal(0, Math.sqrt(variance) / TRUNCATED_STDDEV);
                    case UNTRUNCATED_NORMAL -> Initializer.randomNormal(0, Math.sqrt(variance));
                    case UNIFORM -> Initializer.randomUniform(-limit, limit);
                };
        return drawn.initialize(tf, shape, type, seed);
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
        return fan(shape.get(rank - 2) * receptiveField, shape.get(rank - 1) * receptiveField);
    }

    private double fan(double in, double out) {
        return switch (mode) {
            case FAN_IN -> in;
            case FAN_OUT -> out;
            case FAN_AVG -> (in + out) / 2;
        };
    }

    @Override
    public String toString() {
        return "VarianceScaling(" + scale + ", " + mode + ", " + distribution + ")";
    }
}
