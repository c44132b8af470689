package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Collectors;
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
     * Whether {@link #learningRate} makes the same ops in every step, whatever the Java values around it are by then, so that
     * those of one step can be kept and run again without it. If not, eager steps run op by op.
     *
     * @return false unless overridden: a lambda may look at anything; see {@link #traceable}. True for all schedules that are
     *     made here
     */
    default boolean isTraceable() {
        return false;
    }

    /**
     * A schedule that is said to be safe to trace: it makes the same ops in every step, from the step and from what does not
     * change.
     *
     * <pre>{@code
     * Schedule.traceable((tf, step) -> tf.math.div(tf.constant(0.1), tf.math.sqrt(tf.math.add(step, tf.constant(1.0)))))
     * }</pre>
     *
     * @param formula gives the learning rate of each step
     * @return a schedule that is {@link #isTraceable}
     */
    static Schedule traceable(Schedule formula) {
        return new OwnSchedule("traceable", true, Objects.requireNonNull(formula, "formula"));
    }

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
        return new ClosedForm(
                call("exponentialDecay", initial, decaySteps, rate),
                (tf, step) -> decayed(tf, initial, rate, tf.math.div(step, tf.constant((double) decaySteps))));
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
        return new ClosedForm(
                call("staircaseDecay", initial, decaySteps, rate),
                (tf, step) ->
                        decayed(tf, initial, rate, tf.math.floor(tf.math.div(step, tf.constant((double) decaySteps)))));
    }

    /**
     * The same learning rate at every step; to be warmed up, as a rule.
     *
     * @param learningRate at least 0
     * @return a schedule
     */
    static Schedule constant(double learningRate) {
        Require.notNegative("learning rate", learningRate);
        return new ClosedForm(call("constant", learningRate), (tf, step) -> tf.constant(learningRate));
    }

    /**
     * Changes at given steps: {@code values[i]} up to and with step {@code boundaries[i]}, the last value after the
     * last.
     *
     * @param boundaries steps in increasing order, at least one
     * @param values learning rates, one more than there are boundaries
     * @return a schedule
     */
    static Schedule piecewiseConstant(long[] boundaries, double[] values) {
        return new ClosedForm(
                call("piecewiseConstant", Arrays.toString(boundaries), Arrays.toString(values)),
                PiecewiseConstant.of(boundaries, values));
    }

    /**
     * {@link #polynomialDecay(double, long, double, double, boolean)} to 0.0001, linear, without cycles.
     *
     * @param initial learning rate of step 0
     * @param decaySteps after how many steps 0.0001 is reached, at least 1
     * @return a schedule
     */
    static Schedule polynomialDecay(double initial, long decaySteps) {
        return polynomialDecay(initial, decaySteps, 1e-4, 1, false);
    }

    /**
     * Decays by a polynomial: (initial - end) (1 - step / decaySteps)^power + end, where a step after
     * {@code decaySteps} counts as that. With cycles {@code decaySteps} is instead multiplied by the least whole number
     * that lets it reach the step.
     *
     * @param initial learning rate of step 0
     * @param decaySteps after how many steps the end is reached, at least 1
     * @param end the last learning rate, at least 0
     * @param power above 0; 1 is linear
     * @param cycle whether to rise again, less each time, when the end is reached
     * @return a schedule
     */
    static Schedule polynomialDecay(double initial, long decaySteps, double end, double power, boolean cycle) {
        Require.notNegative("learning rate", initial);
        Require.notNegative("learning rate", end);
        Require.positive("power", power);
        double steps = requireSteps(decaySteps);
        return new ClosedForm(call("polynomialDecay", initial, decaySteps, end, power, cycle), (tf, step) -> {
            Operand<TFloat64> one = tf.constant(1.0);
            Operand<TFloat64> part = tf.math.div(step, tf.constant(steps));
            Operand<TFloat64> done =
                    cycle ? tf.math.div(part, tf.math.maximum(tf.math.ceil(part), one)) : tf.math.minimum(part, one);
            Operand<TFloat64> left = tf.math.pow(tf.math.sub(one, done), tf.constant(power));
            return tf.math.add(tf.math.mul(tf.constant(initial - end), left), tf.constant(end));
        });
    }

    /**
     * {@link #inverseTimeDecay(double, long, double, boolean)}, smooth.
     *
     * @param initial learning rate of step 0
     * @param decaySteps after how many steps {@code rate} counts once, at least 1
     * @param rate decay, above 0
     * @return a schedule
     */
    static Schedule inverseTimeDecay(double initial, long decaySteps, double rate) {
        return inverseTimeDecay(initial, decaySteps, rate, false);
    }

    /**
     * Decays with the inverse of time: initial / (1 + rate · step / decaySteps).
     *
     * @param initial learning rate of step 0
     * @param decaySteps after how many steps {@code rate} counts once, at least 1
     * @param rate decay, above 0
     * @param staircase whether step / decaySteps is rounded down
     * @return a schedule
     */
    static Schedule inverseTimeDecay(double initial, long decaySteps, double rate, boolean staircase) {
        requireDecay(initial, decaySteps, rate);
        return new ClosedForm(call("inverseTimeDecay", initial, decaySteps, rate, staircase), (tf, step) -> {
            Operand<TFloat64> smooth = tf.math.div(step, tf.constant((double) decaySteps));
            Operand<TFloat64> time = staircase ? tf.math.floor(smooth) : smooth;
            return tf.math.div(
                    tf.constant(initial), tf.math.add(tf.math.mul(time, tf.constant(rate)), tf.constant(1.0)));
        });
    }

    /**
     * {@link #cosineDecay(double, long, double)} to 0.
     *
     * @param initial learning rate of step 0
     * @param decaySteps after how many steps 0 is reached, at least 1
     * @return a schedule
     */
    static Schedule cosineDecay(double initial, long decaySteps) {
        return cosineDecay(initial, decaySteps, 0);
    }

    /**
     * Decays by half a cosine wave (Loshchilov and Hutter 2017): initial ((1 - alpha) (1 + cos(π step / decaySteps)) /
     * 2 + alpha), where a step after {@code decaySteps} counts as that. Keras' {@code warmup_target} and
     * {@code warmup_steps} are {@link #warmup}, with the target as the initial rate here.
     *
     * @param initial learning rate of step 0
     * @param decaySteps over how many steps to decay, at least 1
     * @param alpha the last learning rate as a part of the initial one, in [0, 1]
     * @return a schedule
     */
    static Schedule cosineDecay(double initial, long decaySteps, double alpha) {
        Require.notNegative("learning rate", initial);
        Require.probability("alpha", alpha);
        double steps = requireSteps(decaySteps);
        return new ClosedForm(call("cosineDecay", initial, decaySteps, alpha), (tf, step) -> {
            Operand<TFloat64> done = tf.math.minimum(tf.math.div(step, tf.constant(steps)), tf.constant(1.0));
            return CosineRestarts.wave(tf, done, tf.constant(1.0), initial, alpha);
        });
    }

    /**
     * {@link #cosineDecayRestarts(double, long, double, double, double)}, each time twice as long and as high, to 0.
     *
     * @param initial learning rate of step 0
     * @param firstDecaySteps after how many steps the first restart is, at least 1
     * @return a schedule
     */
    static Schedule cosineDecayRestarts(double initial, long firstDecaySteps) {
        return cosineDecayRestarts(initial, firstDecaySteps, 2, 1, 0);
    }

    /**
     * Decays by half a cosine wave again and again (Loshchilov and Hutter 2017): in the i-th period, from 0, the
     * learning rate is initial ((1 - alpha) mMulⁱ (1 + cos(π part)) / 2 + alpha), where part is how much of the period
     * is over.
     *
     * @param initial learning rate of step 0
     * @param firstDecaySteps length of the first period in steps, at least 1
     * @param tMul how many times longer each period is than the one before, at least 1
     * @param mMul what each period multiplies the height of the wave by, above 0
     * @param alpha the least learning rate as a part of the initial one, in [0, 1]
     * @return a schedule
     */
    static Schedule cosineDecayRestarts(double initial, long firstDecaySteps, double tMul, double mMul, double alpha) {
        Require.notNegative("learning rate", initial);
        Require.probability("alpha", alpha);
        Require.positive("mMul", mMul);
        Require.atLeast(1, "tMul", tMul);
        return new ClosedForm(
                call("cosineDecayRestarts", initial, firstDecaySteps, tMul, mMul, alpha),
                new CosineRestarts(initial, Require.atLeast(1, "firstDecaySteps", firstDecaySteps), tMul, mMul, alpha));
    }

    /**
     * This schedule after a linear warm-up: over {@code steps} steps the learning rate goes from {@code from} to this
     * schedule's first one, and then follows this schedule from its step 0.
     *
     * @param from learning rate of step 0
     * @param steps length of the warm-up, at least 1
     * @return a new schedule
     */
    default Schedule warmup(double from, long steps) {
        Require.notNegative("learning rate", from);
        double length = Require.atLeast(1, "warm-up steps", steps);
        Schedule warmed = (tf, step) -> {
            Operand<TFloat64> own =
                    learningRate(tf, tf.math.maximum(tf.math.sub(step, tf.constant(length)), tf.constant(0.0)));
            Operand<TFloat64> first = tf.constant(from);
            Operand<TFloat64> part = tf.math.div(step, tf.constant(length));
            return tf.select(
                    tf.math.less(part, tf.constant(1.0)),
                    tf.math.add(first, tf.math.mul(part, tf.math.sub(own, first))),
                    own);
        };
        String text = this + "." + call("warmup", from, steps);
        return this instanceof ClosedForm ? new ClosedForm(text, warmed) : new OwnSchedule(text, isTraceable(), warmed);
    }

    /** How a schedule says what it is: as it is made. */
    private static String call(String method, Object... arguments) {
        return Arrays.stream(arguments).map(String::valueOf).collect(Collectors.joining(", ", method + "(", ")"));
    }

    private static Operand<TFloat64> decayed(Ops tf, double initial, double rate, Operand<TFloat64> exponent) {
        return tf.math.mul(tf.constant(initial), tf.math.pow(tf.constant(rate), exponent));
    }

    private static void requireDecay(double initial, long decaySteps, double rate) {
        Require.notNegative("learning rate", initial);
        Require.positive("rate", rate);
        requireSteps(decaySteps);
    }

    private static double requireSteps(long decaySteps) {
        return Require.atLeast(1, "decaySteps", decaySteps);
    }
}
