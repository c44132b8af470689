package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TNumber;

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
     * @param value ε, above 0; below 2^-126 it counts as that for a float32 variable, whose kernels take less for 0
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

    /** ε in the type of the variables, where it is above 0, too. */
    final <T extends TNumber> Operand<T> epsilon(Update update, Class<T> type) {
        return update.epsilon(epsilon, type);
    }
}
