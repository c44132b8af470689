package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** An optimizer that averages gradients and their squares, as Adam does. */
abstract class Moments<S extends Moments<S>> extends Adaptive<S> {

    private double beta1 = 0.9;
    private double beta2 = 0.999;

    Moments(double learningRate, double epsilon) {
        super(learningRate, epsilon);
    }

    Moments(Schedule schedule, double epsilon) {
        super(schedule, epsilon);
    }

    /**
     * Sets how slowly the two moments forget; 0.9 and 0.999 unless set.
     *
     * @param first β₁, in [0, 1)
     * @param second β₂, in [0, 1)
     * @return this
     */
    public S betas(double first, double second) {
        settings.change(this, "betas");
        Require.fraction("beta2", second); // Both are legal before one is set.
        this.beta1 = Require.fraction("beta1", first);
        this.beta2 = second;
        return self();
    }

    double beta1() {
        return beta1;
    }

    double beta2() {
        return beta2;
    }

    /** Lets a slot follow a value, s = β s + (1 - β) x, and gives its new value. */
    static <T extends TNumber> Operand<T> average(Update update, Variable<T> slot, Operand<T> value, double beta) {
        Ops tf = update.tf();
        Operand<T> before = slot.read(tf);
        Operand<T> change = tf.math.mul(tf.math.sub(value, before), update.rest(beta, slot.type()));
        Operand<T> after = tf.math.add(before, change);
        slot.assign(tf, after);
        return after;
    }
}
