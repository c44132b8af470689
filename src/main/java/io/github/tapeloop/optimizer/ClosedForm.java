package io.github.tapeloop.optimizer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/**
 * A schedule of {@link Schedule}'s factories: made from the step and constants alone, so it is safe to trace, and its first
 * rate is known without a session.
 *
 * @param formula gives the learning rate
 */
record ClosedForm(Schedule formula) implements Schedule {

    @Override
    public Operand<TFloat64> learningRate(Ops tf, Operand<TFloat64> step) {
        return formula.learningRate(tf, step);
    }

    @Override
    public boolean isTraceable() {
        return true;
    }
}
