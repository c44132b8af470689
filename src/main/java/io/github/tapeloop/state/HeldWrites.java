package io.github.tapeloop.state;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** The writes that a {@link Transaction} holds back, in the order of the program, and what variables are worth with them. */
final class HeldWrites {

    private final Ops tf;
    private List<Transaction.Write> writes = new ArrayList<>();
    /** The value of each variable with held writes, as far as it is known without an op; null if it has to be computed. */
    private final Map<Variable<?>, Operand<?>> values = new HashMap<>();

    HeldWrites(Ops tf) {
        this.tf = tf;
    }

    /** How a value is assigned. */
    enum How {
        SET,
        ADD,
        SUBTRACT
    }

    /**
     * An assignment of a value to a variable.
     *
     * @param variable what to change
     * @param how set, add or subtract
     * @param value of the variable's shape and type
     */
    record Assignment(Variable<?> variable, How how, Operand<?> value) implements Transaction.Write {

        @Override
        public List<Operand<?>> operands() {
            return List.of(value);
        }

        @Override
        public void run(Ops ops, Iterator<? extends Operand<?>> given) {
            variable.write(ops, how, given.next());
        }

        @Override
        public Set<Variable<?>> variables() {
            return Set.of(variable);
        }

        @Override
        public Object kind() {
            return List.of(variable, how);
        }

        @Override
        public boolean isSafe() {
            return true;
        }
    }

    /** Whether nothing is held, and no variable is worth anything else than what is in it. */
    boolean isEmpty() {
        return writes.isEmpty() && values.isEmpty();
    }

    /** What is held, in order. */
    List<Transaction.Write> all() {
        return List.copyOf(writes);
    }

    /** Holds what an optimizer will do. */
    void add(Transaction.Write update) {
        writes.add(update);
    }

    /** Holds an assignment. */
    void add(Assignment assignment) {
        Variable<?> variable = assignment.variable();
        Operand<?> known = values.get(variable);
        if (assignment.how() == How.SET) {
            values.put(variable, assignment.value());
        } else if (known != null) {
            values.put(variable, sum(known, assignment));
        } else {
            values.put(variable, null);
        }
        writes.add(assignment);
    }

    /** Whether an update of an optimizer is held for a variable. */
    boolean update(Variable<?> variable) {
        for (Transaction.Write write : writes) {
            if (!(write instanceof Assignment) && write.variables().contains(variable)) {
                return true;
            }
        }
        return false;
    }

    /** Whether assignments are held for a variable. */
    boolean assign(Variable<?> variable) {
        return values.containsKey(variable);
    }

    /** The value of a variable with the assignments that are held for it. */
    Operand<?> value(Variable<?> variable) {
        Operand<?> value = values.get(variable);
        if (value == null) {
            value = variable.readNow(tf);
            for (Transaction.Write write : writes) {
                if (write instanceof Assignment assignment && assignment.variable() == variable) {
                    value = assignment.how() == How.SET ? assignment.value() : sum(value, assignment);
                }
            }
            values.put(variable, value);
        }
        return value;
    }

    @SuppressWarnings("unchecked") // Only numbers are added, both of the variable's type.
    private Operand<?> sum(Operand<?> value, Assignment added) {
        Operand<TNumber> number = (Operand<TNumber>) value;
        Operand<TNumber> other = (Operand<TNumber>) added.value();
        return added.how() == How.ADD ? tf.math.add(number, other) : tf.math.sub(number, other);
    }

    /** Takes what has to happen before somebody takes the handle of a variable: all updates, and what is assigned to it. */
    List<Transaction.Write> takeFor(Variable<?> variable) {
        if (writes.stream().noneMatch(write -> write.variables().contains(variable))) {
            return List.of();
        }
        List<Transaction.Write> now = new ArrayList<>();
        List<Transaction.Write> rest = new ArrayList<>();
        for (Transaction.Write write : writes) {
            boolean update = !(write instanceof Assignment);
            (update || write.variables().contains(variable) ? now : rest).add(write);
        }
        writes = rest;
        values.remove(variable);
        return now;
    }

    /** Takes all, in order: nothing is held afterwards. */
    List<Transaction.Write> take() {
        List<Transaction.Write> taken = writes;
        writes = new ArrayList<>();
        values.clear();
        return taken;
    }
}
