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
 * not theirs. Works without a branch, so the same way eager, traced and inside a loop, whatever the update does.
 */
final class Undo {

    private record Before(Operand<?> value, Operand<TBool> counts) {}

    private final Ops tf;
    private final Map<Variable<?>, Before> before = new LinkedHashMap<>();

    Undo(Ops tf) {
        this.tf = tf;
    }

    /**
     * Remembers the value of a variable, unless that was done already.
     *
     * @param counts whether what happens to it from now on counts
     */
    void remember(Variable<?> variable, Operand<TBool> counts) {
        before.computeIfAbsent(variable, key -> new Before(key.read(tf), counts));
    }

    /** Gives all variables their values back for which the update does not count. */
    void end() {
        before.forEach((variable, known) -> choose(variable, known));
    }

    @SuppressWarnings("unchecked") // The value was read from the variable.
    private <T extends TType> void choose(Variable<T> variable, Before known) {
        variable.assign(tf, tf.select(known.counts, variable.read(tf), (Operand<T>) known.value));
    }
}
