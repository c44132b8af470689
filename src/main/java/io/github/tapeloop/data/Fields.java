package io.github.tapeloop.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * Which columns are made of the objects of a list, a stream or a file. Immutable; every method returns new fields.
 *
 * <pre>{@code
 * record House(float area, int rooms, float price) {}
 *
 * Dataset data = Dataset.ofRecords(houses, new Fields<House>()
 *         .input(Field.numbers(House::area, House::rooms))
 *         .target(Field.numbers(House::price)));
 * }</pre>
 *
 * @param <T> the class of the objects
 */
public final class Fields<T> {

    private final List<Bound<T>> bound;

    private Fields(List<Bound<T>> bound) {
        this.bound = bound;
    }

    /** Makes no fields yet; a dataset needs one input at least. */
    public Fields() {
        this(List.of());
    }

    /** A field and the column it makes. */
    record Bound<T>(Column column, Field<T> field) {}

    /**
     * Adds the only input, named {@code input}.
     *
     * @param field makes it
     * @return these fields and that one
     */
    public Fields<T> input(Field<T> field) {
        return input(Column.INPUT, field);
    }

    /**
     * Adds an input.
     *
     * @param name what {@link Batch#input(org.tensorflow.op.Ops, String)} will be asked for
     * @param field makes it
     * @return these fields and that one
     * @throws IllegalArgumentException for a name that an input has already
     */
    public Fields<T> input(String name, Field<T> field) {
        return with(name, Role.INPUT, field);
    }

    /**
     * Adds the only target, named {@code target}.
     *
     * @param field makes it
     * @return these fields and that one
     */
    public Fields<T> target(Field<T> field) {
        return target(Column.TARGET, field);
    }

    /**
     * Adds a target.
     *
     * @param name what {@link Batch#target(org.tensorflow.op.Ops, String)} will be asked for
     * @param field makes it
     * @return these fields and that one
     * @throws IllegalArgumentException for a name that a target has already
     */
    public Fields<T> target(String name, Field<T> field) {
        return with(name, Role.TARGET, field);
    }

    /**
     * Sets what each example counts in the loss.
     *
     * @param weight gives the weight of an example
     * @return these fields and that one
     * @throws IllegalArgumentException if there is a weight already
     */
    public Fields<T> sampleWeight(ToDoubleFunction<? super T> weight) {
        return with(Column.WEIGHT, Role.WEIGHT, Field.number(weight));
    }

    private Fields<T> with(String name, Role role, Field<T> field) {
        List<Bound<T>> all = new ArrayList<>(bound);
        all.add(new Bound<>(field.column(name, role), field));
        all.sort(Comparator.comparing(each -> each.column().role()));
        Column.requireDistinct(all.stream().map(Bound::column).toList());
        return new Fields<>(all);
    }

    /** Those of inputs. */
    List<Bound<T>> inputs() {
        return bound().stream()
                .filter(each -> each.column().role() == Role.INPUT)
                .toList();
    }

    List<Bound<T>> bound() {
        if (bound.isEmpty() || bound.get(0).column().role() != Role.INPUT) {
            throw new IllegalArgumentException("a dataset needs one input at least, but its fields have none");
        }
        return bound;
    }

    /** Names the columns with their dtypes and example shapes. */
    @Override
    public String toString() {
        return bound.stream().map(each -> each.column().toString()).collect(Collectors.joining(", ", "Fields[", "]"));
    }
}
