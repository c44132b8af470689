package io.github.tapeloop.runtime;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Collection;
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

    /** Without operands. */
    public static final Bundle EMPTY = new Bundle(List.of(), List.of());

    /** The same object for bundles made of one another: steps make several each time. */
    private final List<String> names;

    private final List<Operand<?>> operands;

    private Bundle(List<String> names, List<Operand<?>> operands) {
        this.names = names;
        this.operands = operands;
    }

    /**
     * A bundle of some operands.
     *
     * @param operands by name; their order is kept
     * @return the bundle
     */
    public static Bundle of(Map<String, ? extends Operand<?>> operands) {
        return of(List.copyOf(operands.keySet()), operands.values());
    }

    /**
     * A bundle of some operands.
     *
     * @param names of the operands, in order, each once
     * @param operands as many
     * @return the bundle
     * @throws IllegalArgumentException if they are more or fewer
     */
    public static Bundle of(List<String> names, Collection<? extends Operand<?>> operands) {
        if (operands.size() != names.size()) {
            throw new IllegalArgumentException("Expected an operand for each of " + names + ", got " + operands.size());
        }
        return new Bundle(List.copyOf(names), List.copyOf(operands));
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

        /**
         * Whether this is the signature of a bundle, without making that.
         *
         * @param bundle any bundle
         * @return true if it has this one's names, types and shapes
         */
        public boolean describes(Bundle bundle) {
            if (!names.equals(bundle.names)) {
                return false;
            }
            for (int i = 0; i < specs.size(); i++) {
                if (!specs.get(i).describes(bundle.operands.get(i))) {
                    return false;
                }
            }
            return true;
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
        return new Signature(names, operands.stream().map(Spec::of).toList());
    }

    /**
     * The names.
     *
     * @return in order
     */
    public List<String> names() {
        return names;
    }

    /**
     * The operands.
     *
     * @return a list to add to, in the order of their names
     */
    public List<Operand<?>> operands() {
        return new ArrayList<>(operands);
    }

    /**
     * Other operands under the names of these.
     *
     * @param others as many
     * @return the bundle
     * @throws IllegalArgumentException if they are more or fewer
     */
    public Bundle with(Collection<? extends Operand<?>> others) {
        return of(names, others);
    }

    /**
     * These and one more.
     *
     * @param name a new name
     * @param operand what to add at the end
     * @return the bundle
     */
    public Bundle and(String name, Operand<?> operand) {
        List<String> moreNames = new ArrayList<>(names);
        moreNames.add(name);
        List<Operand<?>> more = operands();
        more.add(operand);
        return of(moreNames, more);
    }

    /**
     * Those whose names pass a test.
     *
     * @param test which names to keep
     * @return the bundle, in the same order
     */
    public Bundle filter(Predicate<String> test) {
        Map<String, Operand<?>> some = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            if (test.test(names.get(i))) {
                some.put(names.get(i), operands.get(i));
            }
        }
        return of(some);
    }

    /**
     * Whether there is an operand of a name.
     *
     * @param name any name
     * @return true if {@link #get} finds it
     */
    public boolean has(String name) {
        return names.contains(name);
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
        int place = names.indexOf(name);
        if (place < 0) {
            throw new IllegalArgumentException("There is no '" + name + "' among " + names);
        }
        return (Operand<T>) operands.get(place);
    }

    @Override
    public String toString() {
        return signature().toString();
    }
}
