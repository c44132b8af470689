package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** The learning rate of an optimizer: a number that can be set, or a schedule. */
final class LearningRate {

    private final Schedule schedule;
    private final KeptNumber number;

    /** A number that {@link #set} changes. */
    LearningRate(double initial) {
        this.number = new KeptNumber(Require.notNegative("learning rate", initial));
        this.schedule = null;
    }

    /** One that follows a schedule. */
    LearningRate(Schedule schedule) {
        if (schedule == null) {
            throw new IllegalArgumentException("Expected a schedule, got null");
        }
        this.number = new KeptNumber(0);
        this.schedule = schedule;
    }

    boolean isScheduled() {
        return schedule != null;
    }

    /** Whether it is a number, or a schedule that makes the same ops in every step. */
    boolean isTraceable() {
        return schedule == null || schedule.isTraceable();
    }

    /** Whether it is a number or a schedule of {@link Schedule}'s factories. */
    boolean isOwn() {
        return schedule == null || isClosedForm();
    }

    /** Whether the first rate follows from constants alone, so that no session is needed to know it. */
    boolean isClosedForm() {
        return schedule instanceof ClosedForm;
    }

    /** What keeps the number; without variable until built. */
    KeptNumber number() {
        return number;
    }

    Operand<TFloat64> at(Update update) {
        return schedule == null ? number.read(update.tf()) : schedule.learningRate(update.tf(), update.stepsBefore());
    }

    /** What a schedule begins with. */
    Operand<TFloat64> first(Ops tf) {
        return schedule.learningRate(tf, tf.constant(0.0));
    }

    /** The number, of one that follows no schedule. */
    double value() {
        return number.value();
    }

    void set(double value, OptimizerState optimizer) {
        Require.notNegative("learning rate", value);
        requireNumber(optimizer);
        number.set(value);
    }

    /** Refuses to set a rate that follows a schedule. */
    void requireNumber(OptimizerState optimizer) {
        if (schedule != null) {
            throw new IllegalStateException(
                    "This " + optimizer.getClass().getSimpleName() + " follows a schedule, so its learning"
                            + " rate cannot be set: build it with a number to let a callback change it");
        }
    }
}
