package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * Adamax (Kingma and Ba 2015, section 7.1) by Keras' formula: m = β₁ m + (1 - β₁) g; u = max(β₂ u, |g|); v -= lr m /
 * ((1 - β₁ᵗ) (u + ε)). Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7. Runs on TensorFlow's fused kernel.
 */
public final class Adamax extends Moments<Adamax> {

    /** Adamax with a learning rate of 0.001. */
    public Adamax() {
        this(0.001);
    }

    /**
     * Adamax with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Adamax(double learningRate) {
        super(learningRate, 1e-7);
    }

    /**
     * Adamax with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Adamax(Schedule schedule) {
        super(schedule, 1e-7);
    }

    @Override
    Adamax self() {
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        tf.train.resourceApplyAdaMax(
                variable.handle(tf),
                slot("m", variable, 0).handle(tf),
                slot("u", variable, 0).handle(tf),
                update.power(beta1(), type),
                update.learningRate(type),
                update.fraction(beta1(), type),
                update.fraction(beta2(), type),
                epsilon(update, type),
                gradient);
    }
}
