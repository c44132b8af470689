package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Variable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.family.TType;

/**
 * The values that variables had before an update, to give them back where it turns out in the graph that the update is
 * not due. Works without a branch, so the same way eager, traced and inside a loop, whatever the update does.
 */
final class Undo {

    private final Ops tf;
    private final Map<Variable<?>, Operand<?>> before = new LinkedHashMap<>();

    Undo(Ops tf) {
        this.tf = tf;
    }

    /** Remembers the value of a variable, unless that was done already. */
    void remember(Variable<?> variable) {
        before.computeIfAbsent(variable, key -> key.read(tf));
    }

    /** Gives all variables their values back if the condition is false. */
    void unless(Operand<TBool> due) {
        before.keySet().forEach(variable -> choose(due, variable));
    }

    @SuppressWarnings("unchecked") // The value was read from the variable.
    private <T extends TType> void choose(Operand<TBool> due, Variable<T> variable) {
        variable.assign(tf, tf.select(due, variable.read(tf), (Operand<T>) before.get(variable)));
    }
}
