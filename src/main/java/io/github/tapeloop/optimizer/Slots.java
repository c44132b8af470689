package io.github.tapeloop.optimizer;

import io.github.tapeloop.bridge.NativeMemory;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** The variables that an optimizer keeps beside those it updates, each made when it is first asked for. */
final class Slots {

    private final Map<String, Variable<?>> made = new LinkedHashMap<>();
    /** By name, the variables that have slots. */
    private final Map<String, Variable<?>> owners = new HashMap<>();

    /** Hears of every slot of a variable that is asked for; null if nobody wants to. */
    private BiConsumer<Variable<?>, Variable<?>> listener;

    /** The slot of a variable, of its shape; {@code initial} makes its first value, eagerly, even while a step is being traced. */
    <T extends TNumber> Variable<T> of(Variable<T> variable, String name, Function<Ops, Operand<T>> initial) {
        return of(variable, name, variable.shape(), initial);
    }

    private <T extends TNumber> Variable<T> of(
            Variable<T> variable, String name, Shape shape, Function<Ops, Operand<T>> initial) {
        String slotName = variable.name() + "/" + name;
        if (!made.containsKey(slotName)) {
            NativeMemory.requireRoom("Slot '" + slotName + "'", shape, bytes(variable));
        }
        Variable<T> slot = named(variable.session(), slotName, initial);
        owners.put(variable.name(), variable);
        if (listener != null) {
            listener.accept(variable, slot);
        }
        return slot;
    }

    /** What an element takes: {@link ApplyCheck} has refused other types. */
    private static int bytes(Variable<?> variable) {
        return variable.type() == TFloat32.class ? Float.BYTES : Double.BYTES;
    }

    /** The slot of a variable, of a shape of its own, with one value everywhere at first. */
    <T extends TNumber> Variable<T> filled(Variable<T> variable, String name, Shape shape, double initial) {
        return of(variable, name, shape, eager -> {
            Operand<T> value = Cast.create(eager.scope(), eager.constant(initial), variable.type());
            return eager.fill(eager.constant(shape.asArray()), value);
        });
    }

    /** A slot that goes with no variable. */
    @SuppressWarnings("unchecked") // A name is used with one type.
    <T extends TNumber> Variable<T> named(TapeSession session, String name, Function<Ops, Operand<T>> initial) {
        Variable<T> slot = (Variable<T>) made.get(name);
        if (slot == null) {
            slot = newVariable(session, name, initial);
            made.put(name, slot);
        }
        return slot;
    }

    private static <T extends TNumber> Variable<T> newVariable(
            TapeSession session, String name, Function<Ops, Operand<T>> initial) {
        Ops eager = session.tf();
        List<Variable<T>> made = new ArrayList<>(1);
        session.unrecorded(() -> made.add(Variable.create(eager, name, initial.apply(eager), false)));
        return made.get(0);
    }

    /** Tells of every slot that is asked for, before it changes, and of its owner, until this is called with null. */
    void remember(BiConsumer<Variable<?>, Variable<?>> each) {
        listener = each;
    }

    /** Slots are named after their variable, so two variables of one name would share their moments. */
    void requireOwner(Variable<?> variable, String optimizer) {
        Variable<?> owner = owners.get(variable.name());
        if (owner != null && owner != variable) {
            throw new IllegalArgumentException("This " + optimizer
                    + " updates another variable named '" + variable.name()
                    + "' already: give each model an optimizer of its own, or their layers other names");
        }
    }

    /** The variables that have a slot of a name, in order, each with that slot. */
    Map<Variable<?>, Variable<?>> all(String name) {
        Map<Variable<?>, Variable<?>> found = new LinkedHashMap<>();
        made.forEach((slotName, slot) -> {
            String suffix = "/" + name;
            if (slotName.endsWith(suffix)) {
                Variable<?> owner = owners.get(slotName.substring(0, slotName.length() - suffix.length()));
                if (owner != null) {
                    found.put(owner, slot);
                }
            }
        });
        return found;
    }

    Collection<Variable<?>> values() {
        return Collections.unmodifiableCollection(made.values());
    }
}
