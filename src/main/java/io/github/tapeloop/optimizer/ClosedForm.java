package io.github.tapeloop.optimizer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/**
 * A schedule of {@link Schedule}'s factories: made from the step and constants alone, so it is safe to trace, and its first
 * rate is known without a session.
 *
 * @param text how it is made, for messages
 * @param formula gives the learning rate
 */
record ClosedForm(String text, Schedule formula) implements Schedule {

    @Override
    public Operand<TFloat64> learningRate(Ops tf, Operand<TFloat64> step) {
        return formula.learningRate(tf, step);
    }

    @Override
    public boolean isTraceable() {
        return true;
    }

    @Override
    public String toString() {
        return text;
    }
}
