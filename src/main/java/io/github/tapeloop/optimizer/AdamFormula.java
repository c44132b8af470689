package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** What {@link Adam} and {@link AdamW} have in common: all but the weight decay. */
abstract class AdamFormula<S extends AdamFormula<S>> extends Moments<S> {

    private static final double EPSILON = 1e-7;

    private boolean amsgrad;

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
        this.amsgrad = on;
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
                    update.constant(beta1(), type),
                    update.constant(beta2(), type),
                    update.constant(epsilon(), type),
                    gradient);
        } else {
            tf.train.resourceApplyAdam(
                    variable.handle(tf),
                    m.handle(tf),
                    v.handle(tf),
                    update.power(beta1(), type),
                    update.power(beta2(), type),
                    update.learningRate(type),
                    update.constant(beta1(), type),
                    update.constant(beta2(), type),
                    update.constant(epsilon(), type),
                    gradient);
        }
    }
}
