package io.github.tapeloop.data;

import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * The examples of one step: an input and, if the data has one, a target, each with the batch as its first dimension.
 * There may be several of both, told apart by name, and a weight for each example.
 *
 * <p>A batch owns the native tensors in it until {@link #close()}. One that a {@link BatchIterator} delivered is closed
 * by that iterator when the next is pulled. Not for use by several threads at once; it may be handed from one to
 * another, and closed by another thread than the one that made it.
 */
public final class Batch implements AutoCloseable {

    private final int size;
    private final Layout layout;
    private final OwnedTensors tensors;
    private final List<Operand<?>> operands;
    private boolean closed;

    private Batch(int size, Layout layout, OwnedTensors tensors, List<Operand<?>> operands) {
        this.size = size;
        this.layout = layout;
        this.tensors = tensors;
        this.operands = operands;
    }

    /** Takes ownership of tensors that are known to be [size, ...]. */
    static Batch owning(int size, Layout layout, OwnedTensors tensors) {
        return new Batch(size, layout, tensors, List.of());
    }

    private static Batch owning(Layout layout, List<TType> tensors) {
        OwnedTensors owned = OwnedTensors.take(layout.names(), tensors);
        return owning(owned.examples(), layout, owned);
    }

    /**
     * Makes a batch of two tensors and takes ownership of them, also when this method throws.
     *
     * @param input a numeric tensor [batch, ...]
     * @param target a numeric tensor [batch, ...]; may be the input itself
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for a scalar, a tensor that is not numeric, or unequal first dimensions
     */
    public static Batch of(TType input, TType target) {
        return owning(Layout.INPUT_AND_TARGET, List.of(input, target));
    }

    /**
     * Makes a batch without a target and takes ownership of its tensor, also when this method throws.
     *
     * @param input a numeric tensor [batch, ...]
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for a scalar or a tensor that is not numeric
     */
    public static Batch of(TType input) {
        return owning(Layout.INPUT_ONLY, List.of(input));
    }

    /**
     * Makes a batch of tensors with names and takes ownership of them, also when this method throws.
     *
     * @param inputs numeric tensors [batch, ...], one at least; the first one is the input without a name. The first of a
     *     {@link LinkedHashMap} or a sorted map is its own; of other maps it is the first in the order of the names
     * @param targets numeric tensors [batch, ...]; may be empty
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for no input, a scalar, a tensor that is not numeric, or unequal first dimensions
     */
    public static Batch of(Map<String, ? extends TType> inputs, Map<String, ? extends TType> targets) {
        return named(inputs, targets, List.of());
    }

    /**
     * Makes a batch of tensors with names and a weight for each example, and takes ownership of them, also when this
     * method throws.
     *
     * @param inputs numeric tensors [batch, ...], one at least; the first one is the input without a name. The first of a
     *     {@link LinkedHashMap} or a sorted map is its own; of other maps it is the first in the order of the names
     * @param targets numeric tensors [batch, ...]; may be empty
     * @param sampleWeight float32 [batch]
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for no input, a scalar, a tensor that is not numeric, or unequal first dimensions
     */
    public static Batch of(
            Map<String, ? extends TType> inputs, Map<String, ? extends TType> targets, TFloat32 sampleWeight) {
        return named(inputs, targets, List.of(sampleWeight));
    }

    private static Batch named(
            Map<String, ? extends TType> inputs, Map<String, ? extends TType> targets, List<TFloat32> weight) {
        Map<String, TType> orderedInputs = ordered(inputs);
        Map<String, TType> orderedTargets = ordered(targets);
        List<TType> tensors = new ArrayList<>(orderedInputs.values());
        tensors.addAll(orderedTargets.values());
        tensors.addAll(weight);
        Layout layout = new Layout(
                List.copyOf(orderedInputs.keySet()), List.copyOf(orderedTargets.keySet()), !weight.isEmpty());
        return owning(layout, tensors);
    }

    /** {@code Map.of} has another order in each JVM. */
    private static Map<String, TType> ordered(Map<String, ? extends TType> named) {
        boolean hasOrder = named instanceof LinkedHashMap || named instanceof SortedMap;
        return hasOrder ? new LinkedHashMap<>(named) : new TreeMap<>(named);
    }

    /**
     * Makes a batch from a copy of arrays.
     *
     * @param inputs rows of equal length, to be float32 [batch, features]
     * @param targets one class per row, to be int32 [batch]
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for ragged or empty rows or unequal numbers of rows
     */
    public static Batch of(float[][] inputs, int[] targets) {
        return ofMemory(new Columns().input(ColumnData.of(inputs)).target(ColumnData.of(targets)));
    }

    /**
     * Makes a batch without a target from a copy of an array.
     *
     * @param inputs rows of equal length, to be float32 [batch, features]
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for ragged or empty rows
     */
    public static Batch of(float[][] inputs) {
        return ofMemory(new Columns().input(ColumnData.of(inputs)));
    }

    /**
     * Makes a batch of operands, such as the placeholders a step is traced with. It owns nothing, and {@link #input}
     * and {@link #target} give back the operands whatever {@code Ops} they are asked with.
     *
     * @param input numeric [batch, ...]
     * @param target numeric [batch, ...]
     * @return the batch
     */
    public static Batch ofOperands(Operand<?> input, Operand<?> target) {
        return new Batch(sizeOf(input), Layout.INPUT_AND_TARGET, OwnedTensors.NONE, List.of(input, target));
    }

    /**
     * Makes a batch of an operand, without a target. It owns nothing.
     *
     * @param input numeric [batch, ...]
     * @return the batch
     */
    public static Batch ofOperands(Operand<?> input) {
        return new Batch(sizeOf(input), Layout.INPUT_ONLY, OwnedTensors.NONE, List.of(input));
    }

    /**
     * Makes a batch of operands with names, without a target. It owns nothing.
     *
     * @param inputs numeric [batch, ...] each, one at least, in their order
     * @return the batch
     */
    public static Batch ofOperands(Map<String, ? extends Operand<?>> inputs) {
        Layout layout = new Layout(List.copyOf(inputs.keySet()), List.of(), false);
        List<Operand<?>> operands = List.copyOf(inputs.values());
        return new Batch(sizeOf(operands.get(0)), layout, OwnedTensors.NONE, operands);
    }

    /**
     * Makes a batch of objects, such as records, without their targets and weights.
     *
     * @param records one at least
     * @param fields which inputs are made of each
     * @param <T> the class of the objects
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for no record
     * @throws DataException if a field cannot be made of a record
     */
    public static <T> Batch ofRecords(List<T> records, Fields<T> fields) {
        return whole(new RecordSource<>(Records.of(records), fields.inputs()), records.size());
    }

    /**
     * Returns the tensor of an input, for who works without operands.
     *
     * @param name one of {@link #inputNames()}
     * @return [batch, ...], which stays the batch's and is closed with it
     * @throws IllegalArgumentException for another name
     * @throws IllegalStateException after {@link #close()}, or if the batch was made of operands
     */
    public TNumber inputTensor(String name) {
        requireOpen();
        if (!operands.isEmpty()) {
            throw new IllegalStateException(
                    "this batch was made of operands and has no tensors: ask it for input(tf, name)");
        }
        return tensors.get(layout.input(name));
    }

    /**
     * Returns the number of examples in this batch. The last batch of an epoch may have fewer than the others.
     *
     * @return the first dimension of its tensors; -1 if a traced step is to take batches of any size, see
     *     {@link #examples}
     */
    public int size() {
        return size;
    }

    /**
     * Returns the number of examples as an operand, for code that weights by it: it is right also in a traced step, whose
     * batches may differ in size.
     *
     * @param tf where the operand is made
     * @return a float64 scalar
     * @throws IllegalStateException after {@link #close()}
     */
    public Operand<TFloat64> examples(Ops tf) {
        if (operands.isEmpty()) {
            return Tensors.constant(tf, (double) size);
        }
        Operand<?> input = operand(tf, 0);
        long known = Tensors.shape(input).get(0);
        return known >= 0
                ? Tensors.constant(tf, (double) known)
                : Tensors.cast(tf, tf.gather(tf.shape(input), tf.constant(0), tf.constant(0)), TFloat64.class);
    }

    /**
     * Returns whether the batch has a target. Data for predictions has none.
     *
     * @return whether {@link #target} may be called
     */
    public boolean hasTarget() {
        return !layout.targets().isEmpty();
    }

    /**
     * Returns the input, the first one if there are several, as an operand, in an eager environment without a copy of its elements.
     *
     * <p>The static type is that of the usual model. Data of another dtype flows through unchanged: the operand of
     * float64 data has the dtype float64 at run time, and so has what ops make of it.
     *
     * @param tf where the operand is made
     * @return [batch, ...] of the dtype of the data, float32 most often
     * @throws IllegalStateException after {@link #close()}
     */
    @SuppressWarnings("unchecked") // Ops take dtypes from the operand, not from its static type.
    public Operand<TFloat32> input(Ops tf) {
        return (Operand<TFloat32>) operand(tf, 0);
    }

    /**
     * Returns the target, the first one if there are several, as an operand, in an eager environment without a copy of its elements.
     *
     * @param tf where the operand is made
     * @return [batch, ...] of the dtype of the data
     * @throws IllegalStateException after {@link #close()}, or when the batch has no target
     */
    @SuppressWarnings("unchecked") // Every factory says that the target is numeric.
    public Operand<? extends TNumber> target(Ops tf) {
        if (!hasTarget()) {
            throw new IllegalStateException("this batch has no target because its dataset was made from inputs only;"
                    + " make the dataset with targets, or ask hasTarget() first");
        }
        return (Operand<? extends TNumber>) operand(tf, layout.inputs().size());
    }

    /**
     * Returns an input by its name.
     *
     * @param tf where the operand is made
     * @param name one of {@link #inputNames()}
     * @return [batch, ...] of the dtype of the data
     * @throws IllegalArgumentException for another name
     * @throws IllegalStateException after {@link #close()}
     */
    @SuppressWarnings("unchecked") // As in input(tf).
    public Operand<TFloat32> input(Ops tf, String name) {
        return (Operand<TFloat32>) operand(tf, layout.input(name));
    }

    /**
     * Returns a target by its name.
     *
     * @param tf where the operand is made
     * @param name one of {@link #targetNames()}
     * @return [batch, ...] of the dtype of the data
     * @throws IllegalArgumentException for another name
     * @throws IllegalStateException after {@link #close()}
     */
    @SuppressWarnings("unchecked") // As in target(tf).
    public Operand<? extends TNumber> target(Ops tf, String name) {
        return (Operand<? extends TNumber>) operand(tf, layout.target(name));
    }

    /**
     * Returns the names of the inputs; that of an only input is {@code input} unless it was given another.
     *
     * @return one name or more
     */
    public List<String> inputNames() {
        return layout.inputs();
    }

    /**
     * Returns the names of the targets; that of an only target is {@code target} unless it was given another.
     *
     * @return the names, none for predictions
     */
    public List<String> targetNames() {
        return layout.targets();
    }

    /**
     * Returns what each example counts in the loss, if the data says so.
     *
     * @param tf where the operand is made
     * @return float32 [batch], or empty if all examples count the same
     * @throws IllegalStateException after {@link #close()}
     */
    @SuppressWarnings("unchecked") // The columns of weights are float32.
    public Optional<Operand<TFloat32>> sampleWeight(Ops tf) {
        return layout.weighted() ? Optional.of((Operand<TFloat32>) operand(tf, layout.weight())) : Optional.empty();
    }

    /**
     * Returns all it holds: {@code input/…} by name, then {@code target/…}, then {@code weight} if there are sample weights.
     * With {@link #with} a step can be traced: it runs on placeholders named like these.
     *
     * @param tf makes ops
     * @return the columns
     */
    public Bundle columns(Ops tf) {
        List<Operand<?>> columns = new ArrayList<>(layout.count());
        for (int i = 0; i < layout.count(); i++) {
            columns.add(operand(tf, i));
        }
        return Bundle.of(layout.columns(), columns);
    }

    /**
     * Returns a batch of the same columns with other values.
     *
     * @param columns as many as those of {@link #columns}, in the same order; they stay the caller's
     * @return a batch, which need not be closed
     */
    public Batch with(Bundle columns) {
        if (columns.names().size() != layout.count()) {
            throw new IllegalArgumentException("this batch has " + layout.count() + " columns, " + layout.names()
                    + ", but got " + columns.names());
        }
        List<Operand<?>> given = columns.operands();
        return new Batch(sizeOf(given.get(0)), layout, OwnedTensors.NONE, given);
    }

    /** Releases the native tensors. Operands made of them stay valid. Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            tensors.close();
        }
    }

    private Operand<?> operand(Ops tf, int column) {
        requireOpen();
        return operands.isEmpty() ? Tensors.shared(tf, tensors.get(column)) : operands.get(column);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("this batch was closed; a batch of an iterator lives until the next one is"
                    + " pulled by hasNext() or next(), or the iterator is closed");
        }
    }

    private static Batch ofMemory(Columns columns) {
        MemorySource source = columns.source();
        return whole(source, (int) source.size().orElseThrow());
    }

    private static Batch whole(Source source, int size) {
        try (Assembly whole = Assembly.open(source, Grouping.of(size), 0, 0)) {
            return whole.pull().orElseThrow();
        }
    }

    private static int sizeOf(Operand<?> input) {
        return Math.toIntExact(Tensors.shape(input).get(0));
    }

    /** Says how many examples it has, and names its columns. */
    @Override
    public String toString() {
        return "Batch[" + size + (size == 1 ? " example" : " examples") + "; " + String.join(", ", layout.columns())
                + "]";
    }
}
