package io.github.tapeloop.transaction;

import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/**
 * An assignment of a value to a variable.
 *
 * @param variable what to change
 * @param how set, add or subtract
 * @param value of the variable's shape and type
 */
record Assignment(Storage variable, Storage.How how, Operand<?> value) implements Write {

    @Override
    public List<Operand<?>> operands() {
        return List.of(value);
    }

    @Override
    public void run(Ops tf, Iterator<? extends Operand<?>> given) {
        variable.write(tf, how, given.next());
    }

    @Override
    public Set<String> variables() {
        return Set.of(variable.name());
    }

    @Override
    public Object kind() {
        return List.of(variable.name(), how);
    }

    @Override
    public boolean isSafe() {
        return true;
    }
}
