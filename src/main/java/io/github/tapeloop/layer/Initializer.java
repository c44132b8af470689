package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * Makes the first value of a weight. The ready-made ones are those of Keras 3, with its defaults; random ones draw from
 * the seed they are given, so the same seed gives the same weights.
 */
@FunctionalInterface
public interface Initializer {

    /**
     * Makes a value.
     *
     * @param tf makes ops
     * @param shape the weight's shape
     * @param type the weight's type, see the note of this package
     * @param seed int64 [2], different for each weight
     * @return a value of that shape and type
     */
    Operand<TFloat32> initialize(Ops tf, Shape shape, Class<TFloat32> type, Operand<TInt64> seed);

    /**
     * Uniform in ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010).
     *
     * @return the default of kernels
     */
    static Initializer glorotUniform() {
        return new VarianceScaling(1, VarianceScaling.Mode.FAN_AVG, VarianceScaling.Distribution.UNIFORM);
    }

    /**
     * Truncated normal with variance 2 / (fan in + fan out) (Glorot and Bengio 2010).
     *
     * @return an initializer
     */
    static Initializer glorotNormal() {
        return new VarianceScaling(1, VarianceScaling.Mode.FAN_AVG, VarianceScaling.Distribution.TRUNCATED_NORMAL);
    }

    /**
     * Uniform in ±√(6 / fan in), for layers followed by a ReLU (He et al. 2015).
     *
     * @return an initializer
     */
    static Initializer heUniform() {
        return new VarianceScaling(2, VarianceScaling.Mode.FAN_IN, VarianceScaling.Distribution.UNIFORM);
    }

    /**
     * Truncated normal with variance 2 / fan in, for layers followed by a ReLU (He et al. 2015).
     *
     * @return an initializer
     */
    static Initializer heNormal() {
        return new VarianceScaling(2, VarianceScaling.Mode.FAN_IN, VarianceScaling.Distribution.TRUNCATED_NORMAL);
    }

    /**
     * Uniform in ±√(3 / fan in) (LeCun et al. 1998).
     *
     * @return an initializer
     */
    static Initializer lecunUniform() {
        return new VarianceScaling(1, VarianceScaling.Mode.FAN_IN, VarianceScaling.Distribution.UNIFORM);
    }

    /**
     * Truncated normal with variance 1 / fan in, for layers followed by a SELU (Klambauer et al. 2017).
     *
     * @return an initializer
     */
    static Initializer lecunNormal() {
        return new VarianceScaling(1, VarianceScaling.Mode.FAN_IN, VarianceScaling.Distribution.TRUNCATED_NORMAL);
    }

    /**
     * Uniform in ±.05.
     *
     * @return the default of embeddings
     */
    static Initializer randomUniform() {
        return randomUniform(-0.05, 0.05);
    }

    /**
     * Uniform between two numbers.
     *
     * @param minval the smallest value
     * @param maxval what values stay below, at least {@code minval}
     * @return an initializer
     */
    static Initializer randomUniform(double minval, double maxval) {
        return RandomInitializers.uniform(minval, maxval);
    }

    /**
     * Normal with mean 0 and standard deviation .05.
     *
     * @return an initializer
     */
    static Initializer randomNormal() {
        return randomNormal(0, 0.05);
    }

    /**
     * Normal.
     *
     * @param mean the mean
     * @param stddev the standard deviation, at least 0
     * @return an initializer
     */
    static Initializer randomNormal(double mean, double stddev) {
        return RandomInitializers.normal(mean, stddev);
    }

    /**
     * Truncated normal with mean 0 and standard deviation .05.
     *
     * @return an initializer
     */
    static Initializer truncatedNormal() {
        return truncatedNormal(0, 0.05);
    }

    /**
     * Normal, with values more than two standard deviations from the mean drawn again. What is drawn deviates by .88 of
     * {@code stddev}, as in Keras.
     *
     * @param mean the mean
     * @param stddev the standard deviation before values are drawn again, at least 0
     * @return an initializer
     */
    static Initializer truncatedNormal(double mean, double stddev) {
        return RandomInitializers.truncatedNormal(mean, stddev);
    }

    /**
     * {@link #orthogonal(double)} with a gain of 1.
     *
     * @return the default of recurrent kernels
     */
    static Initializer orthogonal() {
        return orthogonal(1);
    }

    /**
     * A random matrix whose rows, or columns if these are fewer, are orthogonal to one another and of length {@code gain}
     * (Saxe et al. 2014): Q of the QR decomposition of a normal matrix. All dimensions before the last make the rows.
     *
     * @param gain the length of the vectors
     * @return an initializer of weights with 2 dimensions or more
     */
    static Initializer orthogonal(double gain) {
        return RandomInitializers.orthogonal(gain);
    }

    /**
     * {@link #identity(double)} with a gain of 1.
     *
     * @return an initializer of matrices
     */
    static Initializer identity() {
        return identity(1);
    }

    /**
     * A number on the diagonal, zeros elsewhere.
     *
     * @param gain the number
     * @return an initializer of matrices, square or not
     */
    static Initializer identity(double gain) {
        return Named.initializer("identity(" + gain + ")", (tf, shape, type, seed) -> {
            if (shape.numDimensions() != 2) {
                throw new IllegalArgumentException("Initializer.identity makes matrices, asked for " + shape);
            }
            long size = Math.min(shape.get(0), shape.get(1));
            Operand<TFloat32> zeros = tf.fill(tf.constant(shape.asArray()), Tensors.constant(tf, 0, type));
            Operand<TFloat32> gains = tf.fill(tf.constant(new long[] {size}), Tensors.constant(tf, gain, type));
            return tf.linalg.matrixSetDiag(zeros, gains, tf.constant(0));
        });
    }

    /**
     * All zeros.
     *
     * @return the default of biases
     */
    static Initializer zeros() {
        return constant(0);
    }

    /**
     * All ones.
     *
     * @return an initializer
     */
    static Initializer ones() {
        return constant(1);
    }

    /**
     * One number everywhere.
     *
     * @param value the number
     * @return an initializer
     */
    static Initializer constant(double value) {
        return Named.initializer(
                "constant(" + value + ")",
                (tf, shape, type, seed) ->
                        tf.fill(tf.constant(shape.asArray()), tf.dtypes.cast(tf.constant(value), type)));
    }
}
