package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.train.ResourceApplyKerasMomentum;
import org.tensorflow.types.family.TNumber;

/**
 * Gradient descent, plain or with momentum, by Keras' formulas: m = μ m - lr g; v += m, or with Nesterov v += μ m - lr g.
 * The default learning rate is 0.01. Runs on TensorFlow's fused kernels.
 */
public final class Sgd extends Optimizer implements BuiltIn {

    private double momentum;
    private boolean nesterov;

    /** Descent with a learning rate of 0.01. */
    public Sgd() {
        this(0.01);
    }

    /**
     * Descent with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Sgd(double learningRate) {
        super(learningRate);
    }

    /**
     * Descent with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Sgd(Schedule schedule) {
        super(schedule);
    }

    /**
     * Sets the momentum; 0 unless set.
     *
     * @param value in [0, 1)
     * @return this
     */
    public Sgd momentum(double value) {
        this.momentum = Hyperparameter.fraction("momentum", value);
        return this;
    }

    /**
     * Whether the step looks ahead along the momentum (Nesterov 1983); false unless set.
     *
     * @param on true to look ahead
     * @return this
     */
    public Sgd nesterov(boolean on) {
        this.nesterov = on;
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Class<T> type = variable.type();
        if (momentum == 0) {
            update.tf()
                    .train
                    .resourceApplyGradientDescent(variable.handle(update.tf()), update.learningRate(type), gradient);
            return;
        }
        update.tf()
                .train
                .resourceApplyKerasMomentum(
                        variable.handle(update.tf()),
                        slot("momentum", variable, 0).handle(update.tf()),
                        update.learningRate(type),
                        gradient,
                        update.constant(momentum, type),
                        ResourceApplyKerasMomentum.useNesterov(nesterov));
    }
}
