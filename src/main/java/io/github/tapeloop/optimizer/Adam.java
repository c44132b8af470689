package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * Adam (Kingma and Ba 2015) by Keras' formula: α = lr √(1 - β₂ᵗ) / (1 - β₁ᵗ); v -= α m / (√v + ε), where ε is the paper's
 * "epsilon hat". Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7. Runs on TensorFlow's fused kernels.
 */
public final class Adam extends Optimizer {

    private double beta1 = 0.9;
    private double beta2 = 0.999;
    private double epsilon = 1e-7;
    private boolean amsgrad;

    /** Adam with a learning rate of 0.001. */
    public Adam() {
        this(0.001);
    }

    /**
     * Adam with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Adam(double learningRate) {
        super(learningRate);
    }

    /**
     * Adam with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Adam(Schedule schedule) {
        super(schedule);
    }

    /**
     * Sets how slowly the two moments forget.
     *
     * @param first β₁, in [0, 1)
     * @param second β₂, in [0, 1)
     * @return this
     */
    public Adam betas(double first, double second) {
        this.beta1 = requireFraction("beta1", first);
        this.beta2 = requireFraction("beta2", second);
        return this;
    }

    /**
     * Sets what keeps the denominator off zero.
     *
     * @param value ε, above 0
     * @return this
     */
    public Adam epsilon(double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("Expected a finite epsilon above 0, got " + value);
        }
        this.epsilon = value;
        return this;
    }

    /**
     * Whether to divide by the largest second moment so far (Reddi et al. 2018); false unless set.
     *
     * @param on true for AMSGrad
     * @return this
     */
    public Adam amsgrad(boolean on) {
        this.amsgrad = on;
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Variable<T> m = slot("m", variable, 0);
        Variable<T> v = slot("v", variable, 0);
        if (amsgrad) {
            tf.train.resourceApplyAdamWithAmsgrad(
                    variable.handle(tf),
                    m.handle(tf),
                    v.handle(tf),
                    slot("vhat", variable, 0).handle(tf),
                    update.power(beta1, type),
                    update.power(beta2, type),
                    update.learningRate(type),
                    update.constant(beta1, type),
                    update.constant(beta2, type),
                    update.constant(epsilon, type),
                    gradient);
        } else {
            tf.train.resourceApplyAdam(
                    variable.handle(tf),
                    m.handle(tf),
                    v.handle(tf),
                    update.power(beta1, type),
                    update.power(beta2, type),
                    update.learningRate(type),
                    update.constant(beta1, type),
                    update.constant(beta2, type),
                    update.constant(epsilon, type),
                    gradient);
        }
    }
}
