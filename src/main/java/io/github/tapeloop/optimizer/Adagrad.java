package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ResourceScatterAdd;
import org.tensorflow.op.core.ResourceScatterSub;
import org.tensorflow.types.family.TNumber;

/**
 * Adagrad (Duchi et al. 2011) by Keras' formula: a += g²; v -= lr g / √(a + ε), with ε inside the root. Defaults:
 * learning rate 0.001, initial accumulator value 0.1, ε 1e-7.
 */
public final class Adagrad extends Adaptive<Adagrad> {

    private double initialAccumulatorValue = 0.1;

    /** Adagrad with a learning rate of 0.001. */
    public Adagrad() {
        this(0.001);
    }

    /**
     * Adagrad with a fixed learning rate.
     *
     * @param learningRate at least 0
     */
    public Adagrad(double learningRate) {
        super(learningRate, 1e-7);
    }

    /**
     * Adagrad with a scheduled learning rate.
     *
     * @param schedule gives the learning rate of each step
     */
    public Adagrad(Schedule schedule) {
        super(schedule, 1e-7);
    }

    /**
     * Sets what the sum of squares begins with; 0.1 unless set.
     *
     * @param value at least 0
     * @return this
     */
    public Adagrad initialAccumulatorValue(double value) {
        settings.change(this, "initialAccumulatorValue");
        this.initialAccumulatorValue = Require.notNegative("initialAccumulatorValue", value);
        return this;
    }

    @Override
    Adagrad self() {
        return this;
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Variable<T> accumulator = slot("accumulator", variable, initialAccumulatorValue);
        accumulator.assignAdd(tf, tf.math.square(gradient));
        Operand<T> scale = tf.math.rsqrt(tf.math.add(accumulator.read(tf), epsilon(update, type)));
        variable.assignSub(tf, tf.math.mul(tf.math.mul(update.learningRate(type), gradient), scale));
    }

    /** A row without gradient stays as it is by the formula, so only the others are touched. */
    @Override
    protected <T extends TNumber> void updateSparse(Update update, Variable<T> variable, IndexedSlices<T> gradient) {
        Ops tf = update.tf();
        Class<T> type = variable.type();
        Variable<T> accumulator = slot("accumulator", variable, initialAccumulatorValue);
        IndexedSlices<T> rows = gradient.summed(tf);
        ResourceScatterAdd.create(tf.scope(), accumulator.handle(tf), rows.indices(), tf.math.square(rows.values()));
        Operand<T> sums = accumulator.gather(tf, rows.indices());
        Operand<T> scale = tf.math.rsqrt(tf.math.add(sums, epsilon(update, type)));
        Operand<T> change = tf.math.mul(tf.math.mul(update.learningRate(type), rows.values()), scale);
        ResourceScatterSub.create(tf.scope(), variable.handle(tf), rows.indices(), change);
    }
}
