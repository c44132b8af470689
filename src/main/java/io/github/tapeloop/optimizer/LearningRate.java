package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** The learning rate of an optimizer: a number that can be set, or a schedule. */
final class LearningRate {

    private final Schedule schedule;
    private double initial;
    private Variable<TFloat64> variable;

    /** A number that {@link #set} changes. */
    LearningRate(double initial) {
        this.initial = require(initial);
        this.schedule = null;
    }

    /** One that follows a schedule. */
    LearningRate(Schedule schedule) {
        if (schedule == null) {
            throw new IllegalArgumentException("Expected a schedule, got null");
        }
        this.initial = 0;
        this.schedule = schedule;
    }

    boolean isScheduled() {
        return schedule != null;
    }

    /** Whether it is a number or a schedule of Tapeloop's own. */
    boolean isBuiltIn() {
        return schedule == null || schedule instanceof BuiltIn;
    }

    /** Makes the variable that keeps the number. */
    void build(TapeSession session, String prefix) {
        Ops eager = session.tf();
        session.unrecorded(
                () -> variable = Variable.create(eager, prefix + "/learning_rate", eager.constant(initial), false));
    }

    /** The variable that keeps the number; null until built. */
    Variable<TFloat64> variable() {
        return variable;
    }

    Operand<TFloat64> at(Update update) {
        return schedule == null ? variable.read(update.tf()) : schedule.learningRate(update.tf(), update.stepsBefore());
    }

    /** What a schedule begins with. */
    Operand<TFloat64> first(Ops tf) {
        return schedule.learningRate(tf, tf.constant(0.0));
    }

    /** The number, of one that follows no schedule. */
    double value() {
        double[] value = {initial};
        if (variable != null) {
            TapeSession session = variable.session();
            session.unrecorded(() -> value[0] = session.scalar(variable.read(session.tf())));
        }
        return value[0];
    }

    void set(double value, OptimizerState optimizer) {
        require(value);
        requireNumber(optimizer);
        if (variable == null) {
            initial = value;
            return;
        }
        Ops eager = variable.session().tf();
        variable.session().unrecorded(() -> variable.assign(eager, eager.constant(value)));
    }

    /** Refuses to set a rate that follows a schedule. */
    void requireNumber(OptimizerState optimizer) {
        if (schedule != null) {
            throw new IllegalStateException(
                    "This " + optimizer.getClass().getSimpleName() + " follows a schedule, so its learning"
                            + " rate cannot be set: build it with a number to let a callback change it");
        }
    }

    static double require(double learningRate) {
        if (!(learningRate >= 0) || Double.isInfinite(learningRate)) {
            throw new IllegalArgumentException("Expected a finite learning rate of at least 0, got " + learningRate);
        }
        return learningRate;
    }
}
