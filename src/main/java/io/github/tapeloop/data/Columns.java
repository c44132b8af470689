package io.github.tapeloop.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Columns in memory that make a dataset together: inputs, targets and weights, for data with several of them or with
 * names. Immutable; every method returns new columns.
 *
 * <pre>{@code
 * Dataset data = Dataset.of(new Columns()
 *         .input("age", ColumnData.of(ages))
 *         .input("words", ColumnData.of(tokens))
 *         .target(ColumnData.of(prices)));
 * }</pre>
 */
public final class Columns {

    private final List<MemoryColumn> bound;

    private Columns(List<MemoryColumn> bound) {
        this.bound = bound;
    }

    /** Makes no columns yet; a dataset needs one input at least. */
    public Columns() {
        this(List.of());
    }

    /**
     * Adds the only input, named {@code input}.
     *
     * @param data its values
     * @return these columns and that one
     * @throws IllegalArgumentException for ragged or empty rows
     */
    public Columns input(ColumnData data) {
        return input(Column.INPUT, data);
    }

    /**
     * Adds an input.
     *
     * @param name what {@link Batch#input(org.tensorflow.op.Ops, String)} will be asked for
     * @param data its values
     * @return these columns and that one
     * @throws IllegalArgumentException for ragged or empty rows, or a name that an input has already
     */
    public Columns input(String name, ColumnData data) {
        return with(data.bind(name, Role.INPUT));
    }

    /**
     * Adds the only target, named {@code target}.
     *
     * @param data its values
     * @return these columns and that one
     * @throws IllegalArgumentException for ragged or empty rows
     */
    public Columns target(ColumnData data) {
        return target(Column.TARGET, data);
    }

    /**
     * Adds a target.
     *
     * @param name what {@link Batch#target(org.tensorflow.op.Ops, String)} will be asked for
     * @param data its values
     * @return these columns and that one
     * @throws IllegalArgumentException for ragged or empty rows, or a name that a target has already
     */
    public Columns target(String name, ColumnData data) {
        return with(data.bind(name, Role.TARGET));
    }

    /**
     * Sets what each example counts in the loss.
     *
     * @param weights one per example
     * @return these columns and that one
     * @throws IllegalArgumentException if there are weights already
     */
    public Columns sampleWeight(float[] weights) {
        Column column = Column.sampleWeight();
        return with(MemoryColumn.of(column.name(), column.role(), column.dtype(), weights, column.shape()));
    }

    private Columns with(MemoryColumn added) {
        List<MemoryColumn> all = new ArrayList<>(bound);
        all.add(added);
        all.sort(Comparator.comparing(data -> data.column().role()));
        Column.requireDistinct(all.stream().map(MemoryColumn::column).toList());
        return new Columns(all);
    }

    MemorySource source() {
        if (bound.isEmpty() || bound.get(0).column().role() != Role.INPUT) {
            throw new IllegalArgumentException("a dataset needs one input at least, but its columns have none");
        }
        return MemorySource.of(bound);
    }

    /** Names the columns with their dtypes and example shapes. */
    @Override
    public String toString() {
        return bound.stream().map(data -> data.column().toString()).collect(Collectors.joining(", ", "Columns[", "]"));
    }
}
