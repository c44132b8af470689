package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * RMSprop (Hinton 2012) by Keras' formula: s = ρ s + (1 - ρ) g²; v -= lr g / √(s + ε), with ε inside the root. With
 * momentum: m = μ m + lr g / √(s + ε); v -= m. Centered: a = ρ a + (1 - ρ) g, and √(s - a² + ε) is the divisor, where
 * s - a², the variance, is kept in place of s: c = ρ (c + (1 - ρ) (g - a)²), with a from before, is the same number, but
 * never below 0. Defaults: learning rate 0.001, ρ 0.9, momentum 0, ε 1e-7, not centered.
 *
 * <p>Runs on TensorFlow's fused kernel unless centered. It keeps a moment even if the momentum is 0, so the state is two
 * numbers for each of the variables, where Keras' is one.
 */
public final class RmsProp extends Adaptive<RmsProp> {

    private double rho = 0.9;
    private double momentum;
    private boolean centered;

    /** RmsProp with a learning rate of 0.001. */
    public RmsProp() {
        this(0.001);
    }

    /**
     * RmsProp with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public RmsProp(double learningRate) {
        super(learningRate, 1e-7);
    }

    /**
     * RmsProp with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public RmsProp(Schedule schedule) {
        super(schedule, 1e-7);
    }

    /**
     * Sets how slowly the average of the squares forgets; 0.9 unless set.
     *
     * @param value ρ, in [0, 1)
     * @return this
     */
    public RmsProp rho(double value) {
        settings.change(this, "rho");
        this.rho = Require.fraction("rho", value);
        return this;
    }

    /**
     * Sets the momentum; 0 unless set.
     *
     * @param value μ, in [0, 1)
     * @return this
     */
    public RmsProp momentum(double value) {
        settings.change(this, "momentum");
        this.momentum = Require.fraction("momentum", value);
        return this;
    }

    @Override
    RmsProp self() {
        return this;
    }

    /**
     * Whether to divide by the deviation of the gradients from their average; false unless set.
     *
     * @param on true to center
     * @return this
     */
    public RmsProp centered(boolean on) {
        settings.change(this, "centered");
        this.centered = on;
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        if (centered) {
            updateCentered(update, variable, gradient);
            return;
        }
        tf.train.resourceApplyRmsProp(
                variable.handle(tf),
                slot("velocity", variable, 0).handle(tf),
                slot("momentum", variable, 0).handle(tf),
                update.learningRate(type),
                update.fraction(rho, type),
                update.constant(momentum, type),
                epsilon(update, type),
                gradient);
    }

    /** The variance is followed itself: as s - a², it would be rounding, and below 0, where gradients hardly change. */
    private <T extends TNumber> void updateCentered(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Variable<T> average = slot("average_gradient", variable, 0);
        Variable<T> variance = slot("variance", variable, 0);
        Operand<T> mean = average.read(tf);
        Operand<T> deviation = tf.math.sub(gradient, mean);
        Operand<T> rest = update.rest(rho, type);
        Operand<T> square = tf.math.mul(tf.math.square(deviation), rest);
        Operand<T> spread = tf.math.mul(tf.math.add(variance.read(tf), square), update.fraction(rho, type));
        average.assign(tf, tf.math.add(mean, tf.math.mul(deviation, rest)));
        variance.assign(tf, spread);
        Operand<T> step = tf.math.mul(
                tf.math.mul(gradient, update.learningRate(type)),
                tf.math.rsqrt(tf.math.add(spread, epsilon(update, type))));
        if (momentum > 0) {
            Variable<T> moment = slot("momentum", variable, 0);
            step = tf.math.add(tf.math.mul(moment.read(tf), update.constant(momentum, type)), step);
            moment.assign(tf, step);
        }
        variable.assignSub(tf, step);
    }
}
