package io.github.tapeloop.optimizer;

/** An optimizer that divides by a root of past gradients, which an epsilon keeps off zero. */
abstract class Adaptive<S extends Adaptive<S>> extends Optimizer implements BuiltIn {

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
        this.epsilon = Hyperparameter.positive("epsilon", value);
        return self();
    }

    double epsilon() {
        return epsilon;
    }
}
