package io.github.tapeloop.optimizer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/**
 * A schedule that a formula of the user's is part of, whose first rate is therefore known by running it only.
 *
 * @param text how it is made, for messages
 * @param isTraceable whether the user says that the formula makes the same ops in every step
 * @param formula gives the learning rate
 */
record OwnSchedule(String text, boolean isTraceable, Schedule formula) implements Schedule {

    @Override
    public Operand<TFloat64> learningRate(Ops tf, Operand<TFloat64> step) {
        return formula.learningRate(tf, step);
    }

    @Override
    public String toString() {
        return text;
    }
}
