package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.Qr;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** Initializers that draw from a distribution which does not depend on the weight's shape, and orthogonal matrices. */
final class RandomInitializers {

    private RandomInitializers() {}

    static Initializer uniform(double minval, double maxval) {
        if (!(minval <= maxval) || Double.isInfinite(maxval - minval)) {
            throw new IllegalArgumentException("Initializer.randomUniform needs finite minval <= maxval, got minval "
                    + minval + " and maxval " + maxval);
        }
        return Named.initializer(
                "randomUniform(" + minval + ", " + maxval + ")",
                (tf, shape, type, seed) -> affine(
                        tf,
                        tf.random.statelessRandomUniform(tf.constant(shape.asArray()), seed, type),
                        maxval - minval,
                        minval));
    }

    static Initializer normal(double mean, double stddev) {
        requireMoments("randomNormal", mean, stddev);
        return Named.initializer(
                "randomNormal(" + mean + ", " + stddev + ")",
                (tf, shape, type, seed) -> affine(
                        tf, tf.random.statelessRandomNormal(tf.constant(shape.asArray()), seed, type), stddev, mean));
    }

    static Initializer truncatedNormal(double mean, double stddev) {
        requireMoments("truncatedNormal", mean, stddev);
        return Named.initializer(
                "truncatedNormal(" + mean + ", " + stddev + ")",
                (tf, shape, type, seed) -> affine(
                        tf,
                        tf.random.statelessTruncatedNormal(tf.constant(shape.asArray()), seed, type),
                        stddev,
                        mean));
    }

    static Initializer orthogonal(double gain) {
        return Named.initializer("orthogonal(" + gain + ")", (tf, shape, type, seed) -> {
            if (shape.numDimensions() < 2) {
                throw new IllegalArgumentException(
                        "Initializer.orthogonal needs a shape of at least 2 dimensions, asked for " + shape);
            }
            long columns = shape.get(-1);
            long rows = shape.size() / Math.max(1, columns);
            Operand<TFloat32> tall =
                    orthonormalColumns(tf, Math.max(rows, columns), Math.min(rows, columns), type, seed);
            Operand<TFloat32> matrix = rows < columns ? tf.linalg.transpose(tall, tf.constant(new int[] {1, 0})) : tall;
            return tf.reshape(affine(tf, matrix, gain, 0), tf.constant(shape.asArray()));
        });
    }

    /** Q of a QR decomposition; by the signs of R's diagonal all orthogonal matrices are equally likely (Mezzadri 2007). */
    private static Operand<TFloat32> orthonormalColumns(
            Ops tf, long rows, long columns, Class<TFloat32> type, Operand<TInt64> seed) {
        Operand<TFloat32> normal = tf.random.statelessRandomNormal(tf.constant(new long[] {rows, columns}), seed, type);
        Qr<TFloat32> qr = tf.linalg.qr(normal);
        return tf.math.mul(qr.q(), tf.math.sign(tf.linalg.tensorDiagPart(qr.r())));
    }

    /** x · factor + offset, with offset 0 left out. */
    private static Operand<TFloat32> affine(Ops tf, Operand<TFloat32> x, double factor, double offset) {
        Operand<TFloat32> scaled = tf.math.mul(x, Tensors.constant(tf, factor, x.type()));
        return offset == 0 ? scaled : tf.math.add(scaled, Tensors.constant(tf, offset, x.type()));
    }

    private static void requireMoments(String initializer, double mean, double stddev) {
        Require.finite("mean of " + initializer, mean);
        Require.notNegative("stddev of " + initializer, stddev);
    }
}
