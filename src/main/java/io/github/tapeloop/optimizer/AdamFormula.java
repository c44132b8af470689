package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ResourceScatterSub;
import org.tensorflow.op.core.ResourceScatterUpdate;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** The base of {@link Adam} and {@link AdamW}: all but the weight decay. */
abstract class AdamFormula<S extends AdamFormula<S>> extends Moments<S> {

    private static final double EPSILON = 1e-7;

    private boolean amsgrad;
    private boolean lazy;

    AdamFormula(double learningRate) {
        super(learningRate, EPSILON);
    }

    AdamFormula(Schedule schedule) {
        super(schedule, EPSILON);
    }

    /**
     * Whether to divide by the largest second moment so far (Reddi et al. 2018); false unless set.
     *
     * @param on true for AMSGrad
     * @return this
     */
    public S amsgrad(boolean on) {
        settings.change(this, "amsgrad");
        this.amsgrad = on;
        return self();
    }

    /**
     * Whether rows of a table without a gradient, such as words of an embedding that a batch lacks, stay as they are, with
     * their moments; false unless set: the whole table is updated in each step, by 0 where there is no gradient. That is
     * Keras' result with a dense gradient, as of a one-hot matrix. With {@code Embedding} on TensorFlow Keras squares the
     * gradients of a row that comes several times in a batch before it sums them, so the second moment of such rows differs.
     *
     * @param on true to leave them
     * @return this
     */
    public S lazy(boolean on) {
        settings.change(this, "lazy");
        this.lazy = on;
        return self();
    }

    @Override
    protected final <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
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
                    update.power(beta1(), type),
                    update.power(beta2(), type),
                    update.learningRate(type),
                    update.fraction(beta1(), type),
                    update.fraction(beta2(), type),
                    epsilon(update, type),
                    gradient);
        } else {
            tf.train.resourceApplyAdam(
                    variable.handle(tf),
                    m.handle(tf),
                    v.handle(tf),
                    update.power(beta1(), type),
                    update.power(beta2(), type),
                    update.learningRate(type),
                    update.fraction(beta1(), type),
                    update.fraction(beta2(), type),
                    epsilon(update, type),
                    gradient);
        }
    }

    /** Rows of m and v follow the gradient where there is one, and so does the variable, if this is {@link #lazy}. */
    @Override
    protected final <T extends TNumber> void updateSparse(
            Update update, Variable<T> variable, IndexedSlices<T> gradient) {
        if (!lazy) {
            super.updateSparse(update, variable, gradient);
            return;
        }
        Ops tf = update.tf();
        Class<T> type = variable.type();
        IndexedSlices<T> rows = gradient.summed(tf);
        Operand<T> m = follow(update, slot("m", variable, 0), rows.indices(), rows.values(), beta1());
        Operand<T> v = follow(update, slot("v", variable, 0), rows.indices(), tf.math.square(rows.values()), beta2());
        if (amsgrad) {
            Variable<T> vhat = slot("vhat", variable, 0);
            v = tf.math.maximum(vhat.gather(tf, rows.indices()), v);
            ResourceScatterUpdate.create(tf.scope(), vhat.handle(tf), rows.indices(), v);
        }
        Operand<T> correction =
                tf.math.div(tf.math.sqrt(update.correction(beta2(), type)), update.correction(beta1(), type));
        Operand<T> rate = tf.math.mul(update.learningRate(type), correction);
        Operand<T> divisor = tf.math.add(tf.math.sqrt(v), epsilon(update, type));
        Operand<T> change = tf.math.mul(rate, tf.math.div(m, divisor));
        ResourceScatterSub.create(tf.scope(), variable.handle(tf), rows.indices(), change);
    }

    /** Lets rows of a slot follow values, s = β s + (1 - β) x, and gives the new ones. */
    private static <T extends TNumber> Operand<T> follow(
            Update update, Variable<T> slot, Operand<TInt64> indices, Operand<T> values, double beta) {
        Ops tf = update.tf();
        Operand<T> before = slot.gather(tf, indices);
        Operand<T> change = tf.math.mul(tf.math.sub(values, before), update.rest(beta, slot.type()));
        Operand<T> after = tf.math.add(before, change);
        ResourceScatterUpdate.create(tf.scope(), slot.handle(tf), indices, after);
        return after;
    }
}
