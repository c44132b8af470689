package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * Adadelta (Zeiler 2012) by Keras' formula: a = ρ a + (1 - ρ) g²; δ = √(d + ε) / √(a + ε) g; d = ρ d + (1 - ρ) δ²;
 * v -= lr δ. Defaults: learning rate 0.001 (the paper's is 1), ρ 0.95, ε 1e-7. Runs on TensorFlow's fused kernel.
 */
public final class Adadelta extends Adaptive<Adadelta> {

    private double rho = 0.95;

    /** Adadelta with a learning rate of 0.001. */
    public Adadelta() {
        this(0.001);
    }

    /**
     * Adadelta with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Adadelta(double learningRate) {
        super(learningRate, 1e-7);
    }

    /**
     * Adadelta with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Adadelta(Schedule schedule) {
        super(schedule, 1e-7);
    }

    /**
     * Sets how slowly the two averages forget; 0.95 unless set.
     *
     * @param value ρ, in [0, 1)
     * @return this
     */
    public Adadelta rho(double value) {
        settings.change(this, "rho");
        this.rho = Require.fraction("rho", value);
        return this;
    }

    @Override
    Adadelta self() {
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        tf.train.resourceApplyAdadelta(
                variable.handle(tf),
                slot("accumulated_gradient", variable, 0).handle(tf),
                slot("accumulated_delta", variable, 0).handle(tf),
                update.learningRate(type),
                update.fraction(rho, type),
                epsilon(update, type),
                gradient);
    }
}
