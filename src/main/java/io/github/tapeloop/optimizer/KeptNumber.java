package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/**
 * A number of an optimizer's state that can be set before there is a session: a Java value until the first step, a float64
 * variable from then on, so that whatever keeps and restores variables keeps it, too.
 */
final class KeptNumber {

    private double first;
    private Variable<TFloat64> variable;

    KeptNumber(double first) {
        this.first = first;
    }

    /** Makes the variable, with the value that was set until now. */
    void build(TapeSession session, String name) {
        Ops eager = session.tf();
        session.unrecorded(() -> variable = Variable.create(eager, name, eager.constant(first), false));
    }

    /** The variable; null until built. */
    Variable<TFloat64> variable() {
        return variable;
    }

    Operand<TFloat64> read(Ops tf) {
        return variable.read(tf);
    }

    double value() {
        double[] value = {first};
        if (variable != null) {
            TapeSession session = variable.session();
            session.unrecorded(() -> value[0] = session.scalar(variable.read(session.tf())));
        }
        return value[0];
    }

    void set(double value) {
        if (variable == null) {
            first = value;
            return;
        }
        Ops eager = variable.session().tf();
        variable.session().unrecorded(() -> variable.assign(eager, eager.constant(value)));
    }
}
