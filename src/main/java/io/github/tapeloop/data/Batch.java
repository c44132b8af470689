package io.github.tapeloop.data;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * The examples of one step: an input and, if the data has one, a target, each with the batch as its first dimension.
 *
 * <p>A batch owns the native tensors in it until {@link #close()}. One that a {@link BatchIterator} delivered is closed
 * by that iterator when the next is pulled. Not for use by several threads at once; it may be handed from one to
 * another, and closed by another thread than the one that made it.
 */
public final class Batch implements AutoCloseable {

    private static final int INPUT = 0;
    private static final int TARGET = 1;

    private final int size;
    private final int columns;
    private final OwnedTensors tensors;
    private final List<Operand<?>> operands;
    private boolean closed;

    private Batch(int size, OwnedTensors tensors, List<Operand<?>> operands) {
        this.size = size;
        this.columns = tensors.count() + operands.size();
        this.tensors = tensors;
        this.operands = operands;
    }

    /** Takes ownership of tensors that are known to be [size, ...], the input first. */
    static Batch owning(int size, OwnedTensors tensors) {
        return new Batch(size, tensors, List.of());
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
        OwnedTensors tensors = OwnedTensors.take(input, target);
        return owning(tensors.examples(), tensors);
    }

    /**
     * Makes a batch without a target and takes ownership of its tensor, also when this method throws.
     *
     * @param input a numeric tensor [batch, ...]
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for a scalar or a tensor that is not numeric
     */
    public static Batch of(TType input) {
        OwnedTensors tensors = OwnedTensors.take(input);
        return owning(tensors.examples(), tensors);
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
        return ofMemory(ColumnData.floats(Column.INPUT, inputs), ColumnData.ints(Column.TARGET, targets));
    }

    /**
     * Makes a batch without a target from a copy of an array.
     *
     * @param inputs rows of equal length, to be float32 [batch, features]
     * @return the batch, to be closed by the caller
     * @throws IllegalArgumentException for ragged or empty rows
     */
    public static Batch of(float[][] inputs) {
        return ofMemory(ColumnData.floats(Column.INPUT, inputs));
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
        return new Batch(sizeOf(input), OwnedTensors.NONE, List.of(input, target));
    }

    /**
     * Makes a batch of an operand, without a target. It owns nothing.
     *
     * @param input numeric [batch, ...]
     * @return the batch
     */
    public static Batch ofOperands(Operand<?> input) {
        return new Batch(sizeOf(input), OwnedTensors.NONE, List.of(input));
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
            return tf.constant((double) size);
        }
        Operand<?> input = operand(tf, INPUT);
        long known = Tensors.shape(input).get(0);
        return known >= 0
                ? tf.constant((double) known)
                : Tensors.cast(tf, tf.gather(tf.shape(input), tf.constant(0), tf.constant(0)), TFloat64.class);
    }

    /**
     * Returns whether the batch has a target. Data for predictions has none.
     *
     * @return whether {@link #target} may be called
     */
    public boolean hasTarget() {
        return columns > TARGET;
    }

    /**
     * Returns the input as an operand, in an eager environment without a copy of its elements.
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
        return (Operand<TFloat32>) operand(tf, INPUT);
    }

    /**
     * Returns the target as an operand, in an eager environment without a copy of its elements.
     *
     * @param tf where the operand is made
     * @return [batch, ...] of the dtype of the data
     * @throws IllegalStateException after {@link #close()}, or when the batch has no target
     */
    @SuppressWarnings("unchecked") // Every factory says that the target is numeric.
    public Operand<? extends TNumber> target(Ops tf) {
        return (Operand<? extends TNumber>) operand(tf, TARGET);
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
        if (closed) {
            throw new IllegalStateException("this batch was closed; a batch of an iterator lives until the next one is"
                    + " pulled by hasNext() or next(), or the iterator is closed");
        }
        if (column >= columns) {
            throw new IllegalStateException("this batch has no target because its dataset was made from inputs only;"
                    + " make the dataset with targets, or ask hasTarget() first");
        }
        return operands.isEmpty() ? tf.constantOf(tensors.get(column)) : operands.get(column);
    }

    private static Batch ofMemory(ColumnData... data) {
        MemorySource source = MemorySource.of(data);
        try (Assembly whole = Assembly.open(source, source.rows(), false, 0, 0)) {
            return whole.pull().orElseThrow();
        }
    }

    private static int sizeOf(Operand<?> input) {
        return Math.toIntExact(Tensors.shape(input).get(0));
    }
}
