package io.github.tapeloop.runtime;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TType;

/**
 * Operands by name, in an order: the columns of a batch, what a forward pass leaves, what a traced function takes and
 * gives. A function knows operands by their place only; {@link #with} puts those in the same places under the same names.
 * Immutable.
 */
public final class Bundle {

    private final Map<String, Operand<?>> operands;

    private Bundle(Map<String, Operand<?>> operands) {
        this.operands = operands;
    }

    /**
     * A bundle of some operands.
     *
     * @param operands by name; their order is kept
     * @return the bundle
     */
    public static Bundle of(Map<String, ? extends Operand<?>> operands) {
        return new Bundle(Collections.unmodifiableMap(new LinkedHashMap<>(operands)));
    }

    /**
     * What bundles can be told apart by without their values: the key of a function traced for one of them.
     *
     * @param names of the operands, in order
     * @param specs of the operands, in the same order
     */
    public record Signature(List<String> names, List<Spec> specs) {

        /**
         * The same for any size of the first dimension.
         *
         * @return a signature whose first dimensions are open; scalars stay
         */
        public Signature open() {
            return new Signature(names, specs.stream().map(Signature::open).toList());
        }

        private static Spec open(Spec spec) {
            return spec.shape().numDimensions() < 1
                    ? spec
                    : new Spec(spec.type(), spec.shape().tail().prepend(Shape.UNKNOWN_SIZE));
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < names.size(); i++) {
                text.append(i == 0 ? "" : ", ").append(names.get(i)).append(' ').append(specs.get(i));
            }
            return text.toString();
        }
    }

    /**
     * What the operands look like.
     *
     * @return their names, types and shapes
     */
    public Signature signature() {
        return new Signature(names(), operands.values().stream().map(Spec::of).toList());
    }

    /**
     * The names.
     *
     * @return in order
     */
    public List<String> names() {
        return List.copyOf(operands.keySet());
    }

    /**
     * The operands.
     *
     * @return in the order of their names
     */
    public List<Operand<?>> operands() {
        return new ArrayList<>(operands.values());
    }

    /**
     * Other operands under the names of these.
     *
     * @param others as many
     * @return the bundle
     * @throws IllegalArgumentException if they are more or fewer
     */
    public Bundle with(Collection<? extends Operand<?>> others) {
        if (others.size() != operands.size()) {
            throw new IllegalArgumentException("Expected an operand for each of " + names() + ", got " + others.size());
        }
        Map<String, Operand<?>> same = new LinkedHashMap<>(operands);
        var next = others.iterator();
        same.replaceAll((name, operand) -> next.next());
        return new Bundle(Collections.unmodifiableMap(same));
    }

    /**
     * These and one more.
     *
     * @param name a new name
     * @param operand what to add at the end
     * @return the bundle
     */
    public Bundle and(String name, Operand<?> operand) {
        Map<String, Operand<?>> more = new LinkedHashMap<>(operands);
        more.put(name, operand);
        return new Bundle(Collections.unmodifiableMap(more));
    }

    /**
     * Those whose names pass a test.
     *
     * @param names which to keep
     * @return the bundle, in the same order
     */
    public Bundle filter(Predicate<String> names) {
        Map<String, Operand<?>> some = new LinkedHashMap<>(operands);
        some.keySet().removeIf(names.negate());
        return new Bundle(Collections.unmodifiableMap(some));
    }

    /**
     * Whether there is an operand of a name.
     *
     * @param name any name
     * @return true if {@link #get} finds it
     */
    public boolean has(String name) {
        return operands.containsKey(name);
    }

    /**
     * The operand of a name.
     *
     * @param name its name
     * @param <T> its type, which is not checked
     * @return the operand
     * @throws IllegalArgumentException if there is none
     */
    @SuppressWarnings("unchecked") // As in the layer API, the type at run time follows the data.
    public <T extends TType> Operand<T> get(String name) {
        Operand<?> operand = operands.get(name);
        if (operand == null) {
            throw new IllegalArgumentException("There is no '" + name + "' among " + names());
        }
        return (Operand<T>) operand;
    }

    @Override
    public String toString() {
        return signature().toString();
    }
}
