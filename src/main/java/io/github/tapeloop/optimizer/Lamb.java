package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * LAMB, Adam with a trust ratio for each variable (You et al. 2020), by Keras' formula: m and v as Adam's; u = m / (1 -
 * β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε); the variable w moves by -lr ‖w‖ / ‖u‖ u, where the ratio is 1 if either norm is 0.
 * Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7.
 */
public final class Lamb extends Moments<Lamb> {

    /** Lamb with a learning rate of 0.001. */
    public Lamb() {
        this(0.001);
    }

    /**
     * Lamb with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Lamb(double learningRate) {
        super(learningRate, 1e-7);
    }

    /**
     * Lamb with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Lamb(Schedule schedule) {
        super(schedule, 1e-7);
    }

    @Override
    Lamb self() {
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Operand<T> m = average(update, slot("m", variable, 0), gradient, beta1());
        Operand<T> v = average(update, slot("v", variable, 0), tf.math.square(gradient), beta2());
        Operand<T> root = tf.math.sqrt(tf.math.div(v, update.correction(beta2(), type)));
        Operand<T> direction =
                tf.math.div(tf.math.div(m, update.correction(beta1(), type)), tf.math.add(root, epsilon(update, type)));
        Operand<TFloat64> ofWeights = Norms.norm(tf, variable.read(tf));
        Operand<TFloat64> ofStep = Norms.norm(tf, direction);
        Operand<TFloat64> zero = update.constant(0, TFloat64.class);
        Operand<TFloat64> ratio = tf.select(
                tf.math.logicalAnd(tf.math.greater(ofWeights, zero), tf.math.greater(ofStep, zero)),
                tf.math.div(ofWeights, ofStep),
                update.constant(1, TFloat64.class));
        variable.assignSub(tf, Norms.times(tf, direction, tf.math.mul(ratio, update.learningRate(TFloat64.class))));
    }
}
