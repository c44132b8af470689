package io.github.tapeloop.optimizer;

/**
 * Adam (Kingma and Ba 2015) by Keras' formula: α = lr √(1 - β₂ᵗ) / (1 - β₁ᵗ); v -= α m / (√v + ε), where ε is the
 * paper's "epsilon hat". Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7. Runs on TensorFlow's fused kernels.
 */
public final class Adam extends AdamFormula<Adam> {

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

    @Override
    Adam self() {
        return this;
    }
}
