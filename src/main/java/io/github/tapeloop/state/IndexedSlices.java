package io.github.tapeloop.state;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Concat;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * The gradient of a table of which only some rows were looked up: those rows, and where they belong. All other rows are
 * zero. A row that occurs several times counts with the sum.
 *
 * <p>It is an operand, so that code which knows nothing of it gets the whole gradient: {@link #asOutput} makes a dense
 * tensor when it is first asked for one. Code that does know spares it: {@code if (gradient instanceof IndexedSlices<T> s)}.
 * Slices live as long as their values and indices do; a {@code TensorScope} that is to keep them keeps those two.
 *
 * @param <T> the type of the values
 */
public final class IndexedSlices<T extends TType> implements Operand<T> {

    private final Ops tf;
    private final Operand<T> values;
    private final Operand<TInt64> indices;
    private final Shape shape;
    private Output<T> dense;

    private IndexedSlices(Ops tf, Operand<T> values, Operand<TInt64> indices, Shape shape) {
        this.tf = tf;
        this.values = values;
        this.indices = indices;
        this.shape = shape;
    }

    /**
     * Some rows of a table.
     *
     * @param tf makes the dense tensor, if it is asked for
     * @param values the rows, [n, row…]
     * @param indices which rows of the table they are, int32 or int64 [n]; a row may occur several times
     * @param shape the shape of the table, [rows, row…], fully known
     * @param <T> the type of the values
     * @return the slices
     * @throws IllegalArgumentException if the shape is not known or a scalar's, or the values do not fit it or the indices
     */
    public static <T extends TType> IndexedSlices<T> of(
            Ops tf, Operand<T> values, Operand<? extends TNumber> indices, Shape shape) {
        if (shape.hasUnknownDimension() || shape.numDimensions() < 1) {
            throw new IllegalArgumentException("The shape of a table must be known and have rows, got " + shape);
        }
        Shape rows = Tensors.shape(indices);
        if (!Tensors.shape(values).isCompatibleWith(rows.append(shape.tail())) || rows.numDimensions() > 1) {
            throw new IllegalArgumentException("The values must be a row of a table " + shape + " for each index in a"
                    + " vector, got values " + Tensors.describe(values) + " and indices " + Tensors.describe(indices));
        }
        return new IndexedSlices<>(tf, values, Tensors.cast(tf, indices, TInt64.class), shape);
    }

    /**
     * The rows.
     *
     * @return [n, row…]
     */
    public Operand<T> values() {
        return values;
    }

    /**
     * Where the rows belong.
     *
     * @return int64 [n], perhaps with repetitions
     */
    public Operand<TInt64> indices() {
        return indices;
    }

    /**
     * The shape of the whole.
     *
     * @return [rows, row…]
     */
    @Override
    public Shape shape() {
        return shape;
    }

    @Override
    public Class<T> type() {
        return values.type();
    }

    /**
     * The sum with other slices of the same table: both one after the other.
     *
     * @param other slices of a table of the same shape
     * @return slices that may have rows twice
     */
    public IndexedSlices<T> plus(IndexedSlices<T> other) {
        if (!shape.equals(other.shape)) {
            throw new IllegalArgumentException(
                    "Slices of a table " + shape + " cannot be added to slices of a table " + other.shape);
        }
        Operand<T> allValues = Concat.create(tf.scope(), List.of(values, other.values), tf.constant(0));
        Operand<TInt64> allIndices = Concat.create(tf.scope(), List.of(indices, other.indices), tf.constant(0));
        return new IndexedSlices<>(tf, allValues, allIndices, shape);
    }

    /**
     * The same with each row once: rows that occur several times are summed. What is not linear in the gradient needs it.
     *
     * @param ops makes the ops
     * @return slices without repetitions
     */
    @SuppressWarnings("unchecked") // Only numbers have gradients.
    public IndexedSlices<T> summed(Ops ops) {
        var unique = ops.scope()
                .opBuilder("Unique", "Unique")
                .addInput(indices.asOutput())
                .build();
        Operand<TInt64> rows = unique.output(0);
        Operand<? extends TNumber> places = unique.output(1);
        Operand<TNumber> numbers = (Operand<TNumber>) values;
        Operand<T> sums = (Operand<T>) ops.math.unsortedSegmentSum(numbers, places, ops.size(rows));
        return new IndexedSlices<>(ops, sums, rows, shape);
    }

    /** The whole: zeros and the sums of the rows. It is made once, and again if it has been freed. */
    @Override
    public Output<T> asOutput() {
        if (dense == null || Tensors.isFreed(dense)) {
            dense = tf.scatterNd(tf.expandDims(indices, tf.constant(-1)), values, tf.constant(shape.asArray()))
                    .asOutput();
        }
        return dense;
    }

    /** The op that made the whole. */
    @Override
    public Operation op() {
        return asOutput().op();
    }

    @Override
    public String toString() {
        return "IndexedSlices " + Tensors.describe(values) + " of " + shape;
    }
}
