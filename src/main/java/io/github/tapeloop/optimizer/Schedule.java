package io.github.tapeloop.optimizer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** A learning rate that follows the number of steps taken. A lambda is a schedule, too. */
@FunctionalInterface
public interface Schedule {

    /**
     * The learning rate of a step.
     *
     * @param tf makes ops
     * @param step how many steps were taken before, a float64 scalar
     * @return a float64 scalar
     */
    Operand<TFloat64> learningRate(Ops tf, Operand<TFloat64> step);

    /**
     * Decays smoothly: initial · rate^(step / decaySteps).
     *
     * @param initial learning rate of step 0
     * @param decaySteps after how many steps {@code rate} has been applied once, at least 1
     * @param rate decay, in (0, 1] as a rule
     * @return a schedule
     */
    static Schedule exponentialDecay(double initial, long decaySteps, double rate) {
        requireDecay(initial, decaySteps, rate);
        return (tf, step) -> decayed(tf, initial, rate, tf.math.div(step, tf.constant((double) decaySteps)));
    }

    /**
     * Decays in steps: initial · rate^⌊step / decaySteps⌋, Keras' {@code staircase}.
     *
     * @param initial learning rate of step 0
     * @param decaySteps length of a stair in steps, at least 1
     * @param rate decay, in (0, 1] as a rule
     * @return a schedule
     */
    static Schedule staircaseDecay(double initial, long decaySteps, double rate) {
        requireDecay(initial, decaySteps, rate);
        return (tf, step) ->
                decayed(tf, initial, rate, tf.math.floor(tf.math.div(step, tf.constant((double) decaySteps))));
    }

    private static Operand<TFloat64> decayed(Ops tf, double initial, double rate, Operand<TFloat64> exponent) {
        return tf.math.mul(tf.constant(initial), tf.math.pow(tf.constant(rate), exponent));
    }

    private static void requireDecay(double initial, long decaySteps, double rate) {
        LearningRate.require(initial);
        if (!(rate > 0) || Double.isInfinite(rate)) {
            throw new IllegalArgumentException("A decay needs a finite rate above 0, got " + rate);
        }
        if (decaySteps < 1) {
            throw new IllegalArgumentException("A decay needs decaySteps of at least 1, got " + decaySteps);
        }
    }
}
