package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;

/** An optimizer that divides by a root of past gradients, which an epsilon keeps off zero. */
abstract class Adaptive<S extends Adaptive<S>> extends Optimizer {

    private double epsilon;

    Adaptive(double learningRate, double epsilon) {
        super(learningRate);
        this.epsilon = epsilon;
    }

    Adaptive(Schedule schedule, double epsilon) {
        super(schedule);
        this.epsilon = epsilon;
    }

    abstract S self();

    /**
     * Sets what keeps the denominator off zero.
     *
     * @param value ε, above 0
     * @return this
     */
    public S epsilon(double value) {
        settings.change(this, "epsilon");
        this.epsilon = Require.positive("epsilon", value);
        return self();
    }

    @Override
    protected final boolean isUpdateTraceable() {
        return true;
    }

    double epsilon() {
        return epsilon;
    }
}
