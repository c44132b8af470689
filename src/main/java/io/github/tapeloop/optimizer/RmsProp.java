package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * RMSprop (Hinton 2012) by Keras' formula: s = ρ s + (1 - ρ) g²; v -= lr g / √(s + ε), with ε inside the root. With
 * momentum: m = μ m + lr g / √(s + ε); v -= m. Centered: a = ρ a + (1 - ρ) g, and √(s - a² + ε) is the divisor.
 * Defaults: learning rate 0.001, ρ 0.9, momentum 0, ε 1e-7, not centered. Runs on TensorFlow's fused kernels.
 *
 * <p>The kernels keep a moment even if the momentum is 0, so the state is two numbers for each of the variables, where
 * Keras' is one.
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
        Variable<T> meanSquare = slot("velocity", variable, 0);
        Variable<T> moment = slot("momentum", variable, 0);
        if (centered) {
            tf.train.resourceApplyCenteredRmsProp(
                    variable.handle(tf),
                    slot("average_gradient", variable, 0).handle(tf),
                    meanSquare.handle(tf),
                    moment.handle(tf),
                    update.learningRate(type),
                    update.constant(rho, type),
                    update.constant(momentum, type),
                    update.constant(epsilon(), type),
                    gradient);
        } else {
            tf.train.resourceApplyRmsProp(
                    variable.handle(tf),
                    meanSquare.handle(tf),
                    moment.handle(tf),
                    update.learningRate(type),
                    update.constant(rho, type),
                    update.constant(momentum, type),
                    update.constant(epsilon(), type),
                    gradient);
        }
    }
}
