package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * Lion (Chen et al. 2023) by Keras' formula: v -= lr sign(β₁ m + (1 - β₁) g); then m = β₂ m + (1 - β₂) g. Every element
 * moves by the learning rate, so use one 3 to 10 times smaller than Adam's. Defaults: learning rate 0.001, β₁ 0.9, β₂
 * 0.99.
 */
public final class Lion extends Optimizer {

    private double beta1 = 0.9;
    private double beta2 = 0.99;

    /** Lion with a learning rate of 0.001. */
    public Lion() {
        this(0.001);
    }

    /**
     * Lion with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Lion(double learningRate) {
        super(learningRate);
    }

    /**
     * Lion with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Lion(Schedule schedule) {
        super(schedule);
    }

    /**
     * Sets how much of the moment goes into the step, and how slowly it forgets; 0.9 and 0.99 unless set.
     *
     * @param first β₁, above 0 and below 1: at 0 no moment is left
     * @param second β₂, in [0, 1)
     * @return this
     */
    public Lion betas(double first, double second) {
        settings.change(this, "betas");
        Require.fraction("beta2", second); // Both are legal before one is set.
        this.beta1 = Require.properFraction("beta1", first);
        this.beta2 = second;
        return this;
    }

    @Override
    protected boolean isUpdateTraceable() {
        return true;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Variable<T> moment = slot("momentum", variable, 0);
        Operand<T> m = moment.read(tf);
        Operand<T> direction = tf.math.sign(tf.math.add(
                tf.math.mul(m, update.constant(beta1, type)), tf.math.mul(gradient, update.rest(beta1, type))));
        variable.assignSub(tf, tf.math.mul(update.learningRate(type), direction));
        moment.assignAdd(tf, tf.math.mul(tf.math.sub(gradient, m), update.rest(beta2, type)));
    }
}
