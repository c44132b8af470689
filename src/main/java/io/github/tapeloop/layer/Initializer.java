package io.github.tapeloop.layer;

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
        return VarianceScaling.uniform(1.0, VarianceScaling.Fan.AVERAGE);
    }

    /**
     * Truncated normal with variance 2 / (fan in + fan out) (Glorot and Bengio 2010).
     *
     * @return an initializer
     */
    static Initializer glorotNormal() {
        return VarianceScaling.truncatedNormal(1.0, VarianceScaling.Fan.AVERAGE);
    }

    /**
     * Uniform in ±√(6 / fan in), for layers followed by a ReLU (He et al. 2015).
     *
     * @return an initializer
     */
    static Initializer heUniform() {
        return VarianceScaling.uniform(2.0, VarianceScaling.Fan.IN);
    }

    /**
     * Truncated normal with variance 2 / fan in, for layers followed by a ReLU (He et al. 2015).
     *
     * @return an initializer
     */
    static Initializer heNormal() {
        return VarianceScaling.truncatedNormal(2.0, VarianceScaling.Fan.IN);
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
        return (tf, shape, type, seed) ->
                tf.fill(tf.constant(shape.asArray()), tf.dtypes.cast(tf.constant(value), type));
    }
}
