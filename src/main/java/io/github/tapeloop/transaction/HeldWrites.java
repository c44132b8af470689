package io.github.tapeloop.transaction;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** The writes that a {@link Transaction} holds back, in the order of the program, and what variables are worth with them. */
final class HeldWrites {

    private final Ops tf;
    private List<Write> writes = new ArrayList<>();
    /** The value of each variable with held writes, as far as it is known without an op; null if it has to be computed. */
    private final Map<String, Operand<?>> values = new HashMap<>();

    HeldWrites(Ops tf) {
        this.tf = tf;
    }

    /** Whether nothing is held, and no variable is worth anything else than what is in it. */
    boolean isEmpty() {
        return writes.isEmpty() && values.isEmpty();
    }

    /** What is held, in order. */
    List<Write> all() {
        return List.copyOf(writes);
    }

    /** Holds what an optimizer will do. */
    void add(Write update) {
        writes.add(update);
    }

    /** Holds an assignment. */
    void add(Assignment assignment) {
        String variable = assignment.variable().name();
        Operand<?> known = values.get(variable);
        if (assignment.how() == Storage.How.SET) {
            values.put(variable, assignment.value());
        } else if (known != null) {
            values.put(variable, sum(known, assignment));
        } else {
            values.put(variable, null);
        }
        writes.add(assignment);
    }

    /** Whether an update of an optimizer is held for a variable. */
    boolean update(String variable) {
        for (Write write : writes) {
            if (!(write instanceof Assignment) && write.variables().contains(variable)) {
                return true;
            }
        }
        return false;
    }

    /** Whether assignments are held for a variable. */
    boolean assign(String variable) {
        return values.containsKey(variable);
    }

    /** The value of a variable with the assignments that are held for it. */
    Operand<?> value(Storage variable) {
        Operand<?> value = values.get(variable.name());
        if (value == null) {
            value = variable.read(tf);
            for (Write write : writes) {
                if (write instanceof Assignment assignment && assignment.variable() == variable) {
                    value = assignment.how() == Storage.How.SET ? assignment.value() : sum(value, assignment);
                }
            }
            values.put(variable.name(), value);
        }
        return value;
    }

    @SuppressWarnings("unchecked") // Only numbers are added, both of the variable's type.
    private Operand<?> sum(Operand<?> value, Assignment added) {
        Operand<TNumber> number = (Operand<TNumber>) value;
        Operand<TNumber> other = (Operand<TNumber>) added.value();
        return added.how() == Storage.How.ADD ? tf.math.add(number, other) : tf.math.sub(number, other);
    }

    /** Takes what has to happen before somebody takes the handle of a variable: all updates, and what is assigned to it. */
    List<Write> takeFor(String variable) {
        if (writes.stream().noneMatch(write -> write.variables().contains(variable))) {
            return List.of();
        }
        List<Write> now = new ArrayList<>();
        List<Write> rest = new ArrayList<>();
        for (Write write : writes) {
            boolean update = !(write instanceof Assignment);
            (update || write.variables().contains(variable) ? now : rest).add(write);
        }
        writes = rest;
        values.remove(variable);
        return now;
    }

    /** Takes all, in order: nothing is held afterwards. */
    List<Write> take() {
        List<Write> taken = writes;
        writes = new ArrayList<>();
        values.clear();
        return taken;
    }
}
