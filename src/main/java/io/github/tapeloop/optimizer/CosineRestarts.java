package io.github.tapeloop.optimizer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** Half cosine waves one after another, {@link Schedule#cosineDecayRestarts(double, long, double, double, double)}. */
record CosineRestarts(double initial, double firstDecaySteps, double tMul, double mMul, double alpha)
        implements Schedule {

    /** Lets a logarithm that is a whole number but for rounding count as that number. */
    private static final double ROUNDING = 1e-9;

    @Override
    public Operand<TFloat64> learningRate(Ops tf, Operand<TFloat64> step) {
        Operand<TFloat64> time = tf.math.div(step, tf.constant(firstDecaySteps));
        Operand<TFloat64> period = tf.math.floor(tMul == 1 ? time : periods(tf, time));
        Operand<TFloat64> part;
        if (tMul == 1) {
            part = tf.math.sub(time, period);
        } else {
            Operand<TFloat64> length = tf.math.pow(tf.constant(tMul), period);
            // The periods before took 1 + tMul + … = (tMulⁱ - 1) / (tMul - 1).
            Operand<TFloat64> before = tf.math.div(tf.math.sub(length, tf.constant(1.0)), tf.constant(tMul - 1));
            part = tf.math.div(tf.math.sub(time, before), length);
        }
        return wave(tf, part, tf.math.pow(tf.constant(mMul), period), initial, alpha);
    }

    private Operand<TFloat64> periods(Ops tf, Operand<TFloat64> time) {
        Operand<TFloat64> grown = tf.math.add(tf.math.mul(time, tf.constant(tMul - 1)), tf.constant(1.0));
        return tf.math.add(tf.math.mul(tf.math.log(grown), tf.constant(1 / Math.log(tMul))), tf.constant(ROUNDING));
    }

    /** initial ((1 - alpha) height (1 + cos(π part)) / 2 + alpha). */
    static Operand<TFloat64> wave(
            Ops tf, Operand<TFloat64> part, Operand<TFloat64> height, double initial, double alpha) {
        Operand<TFloat64> cosine = tf.math.cos(tf.math.mul(part, tf.constant(Math.PI)));
        Operand<TFloat64> half = tf.math.mul(tf.constant(0.5), tf.math.add(cosine, tf.constant(1.0)));
        Operand<TFloat64> scaled = tf.math.mul(tf.math.mul(half, height), tf.constant(initial * (1 - alpha)));
        return tf.math.add(scaled, tf.constant(initial * alpha));
    }
}
