package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * Nadam, Adam with Nesterov momentum (Dozat 2016), by Keras' formula: μₜ = β₁ (1 - 0.96ᵗ / 2), u = μ₁ … μₜ; m = β₁ m +
 * (1 - β₁) g; v = β₂ v + (1 - β₂) g²; m̂ = μₜ₊₁ m / (1 - u μₜ₊₁) + (1 - μₜ) g / (1 - u); the variable moves by -lr m̂ /
 * (√(v / (1 - β₂ᵗ)) + ε). Defaults: learning rate 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7.
 */
public final class Nadam extends Moments<Nadam> {

    private static final double DECAY = 0.96;

    /** Nadam with a learning rate of 0.001. */
    public Nadam() {
        this(0.001);
    }

    /**
     * Nadam with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Nadam(double learningRate) {
        super(learningRate, 1e-7);
    }

    /**
     * Nadam with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Nadam(Schedule schedule) {
        super(schedule, 1e-7);
    }

    @Override
    Nadam self() {
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Shares<T> shares = shares(update, type);
        Operand<T> m = average(update, slot("m", variable, 0), gradient, beta1());
        Operand<T> v = average(update, slot("v", variable, 0), tf.math.square(gradient), beta2());
        Operand<T> ahead = tf.math.add(tf.math.mul(shares.ofMoment, m), tf.math.mul(shares.ofGradient, gradient));
        Operand<T> root = tf.math.sqrt(tf.math.div(v, update.correction(beta2(), type)));
        Operand<T> step =
                tf.math.div(tf.math.mul(update.learningRate(type), ahead), tf.math.add(root, epsilon(update, type)));
        variable.assignSub(tf, step);
    }

    /** What the moment and the gradient count in a step. */
    private record Shares<T extends TNumber>(Operand<T> ofMoment, Operand<T> ofGradient) {}

    private <T extends TNumber> Shares<T> shares(Update update, Class<T> type) {
        Ops tf = update.tf();
        Operand<TFloat64> one = update.constant(1, TFloat64.class);
        Operand<TFloat64> now = momentum(update, 0);
        Operand<TFloat64> next = momentum(update, 1);
        Operand<TFloat64> product = update.once("momentum product", TFloat64.class, () -> {
            Variable<TFloat64> slot = numberSlot("momentum_product", 1);
            Operand<TFloat64> value = tf.math.mul(slot.read(tf), now);
            slot.assign(tf, value);
            return value;
        });
        return new Shares<>(
                update.once(
                        "share of the moment",
                        type,
                        () -> Tensors.cast(tf, tf.math.div(next, tf.math.sub(one, tf.math.mul(product, next))), type)),
                update.once(
                        "share of the gradient",
                        type,
                        () -> Tensors.cast(tf, tf.math.div(tf.math.sub(one, now), tf.math.sub(one, product)), type)));
    }

    /** μ of this update or of one ahead: β₁ (1 - 0.96ᵗ / 2). */
    private Operand<TFloat64> momentum(Update update, int ahead) {
        Ops tf = update.tf();
        return update.once("momentum " + ahead, TFloat64.class, () -> {
            // 0.96 to the power of t + k is 0.96 to the power of k times 0.96 to the power of t.
            Operand<TFloat64> half = tf.math.mul(
                    tf.constant(0.5 * Math.pow(DECAY, ahead)), tf.math.pow(tf.constant(DECAY), update.updateNumber()));
            return tf.math.mul(tf.constant(beta1()), tf.math.sub(update.constant(1, TFloat64.class), half));
        });
    }
}
