package io.github.tapeloop.data;

import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.tensorflow.ndarray.Shape;

/**
 * An immutable description of examples: one input each and, except for predictions, one target. It is a pipeline: every
 * method returns a new dataset whose stage works on what the ones before deliver, so {@code take} after {@code shuffle}
 * takes from the shuffled order. Nothing runs until batches are pulled.
 *
 * <p>The arrays given to {@code of} are not copied. Do not change them while a loop pulls from the dataset. Datasets may
 * be shared by threads.
 */
public final class Dataset {

    private final Source source;

    private Dataset(Source source) {
        this.source = source;
    }

    /** A dataset over any source, for those that are not arrays. */
    static Dataset from(Source source) {
        return new Dataset(source);
    }

    /**
     * Describes rows of features with a class for each.
     *
     * @param inputs rows of equal length, float32 [features] per example
     * @param targets one class per row, int32 [] per example
     * @return the dataset
     * @throws IllegalArgumentException for ragged or empty rows or unequal numbers of rows
     */
    public static Dataset of(float[][] inputs, int[] targets) {
        return memory(ColumnData.floats(Column.INPUT, inputs), ColumnData.ints(Column.TARGET, targets));
    }

    /**
     * Describes rows of features with a row of target values for each.
     *
     * @param inputs rows of equal length, float32 [features] per example
     * @param targets rows of equal length, float32 [values] per example
     * @return the dataset
     * @throws IllegalArgumentException for ragged or empty rows or unequal numbers of rows
     */
    public static Dataset of(float[][] inputs, float[][] targets) {
        return memory(ColumnData.floats(Column.INPUT, inputs), ColumnData.floats(Column.TARGET, targets));
    }

    /**
     * Describes rows of features with a row of target values for each, in double precision.
     *
     * @param inputs rows of equal length, float64 [features] per example
     * @param targets rows of equal length, float64 [values] per example
     * @return the dataset
     * @throws IllegalArgumentException for ragged or empty rows or unequal numbers of rows
     */
    public static Dataset of(double[][] inputs, double[][] targets) {
        return memory(ColumnData.doubles(Column.INPUT, inputs), ColumnData.doubles(Column.TARGET, targets));
    }

    /**
     * Describes rows of features without targets, for predictions.
     *
     * @param inputs rows of equal length, float32 [features] per example
     * @return the dataset
     * @throws IllegalArgumentException for ragged or empty rows
     */
    public static Dataset of(float[][] inputs) {
        return memory(ColumnData.floats(Column.INPUT, inputs));
    }

    /**
     * Describes examples of any shape that lie one after the other in one array, with a class for each.
     *
     * @param values the elements of all examples, row-major
     * @param exampleShape the fully known shape of one example, such as [28, 28, 1]; it is float32
     * @param targets one class per example, int32 [] per example
     * @return the dataset
     * @throws IllegalArgumentException for an unknown shape or numbers of values and targets that do not fit it
     */
    public static Dataset of(float[] values, Shape exampleShape, int[] targets) {
        return memory(ColumnData.floats(Column.INPUT, values, exampleShape), ColumnData.ints(Column.TARGET, targets));
    }

    /**
     * Reads a pair of IDX files of unsigned bytes, the format of MNIST, plain or compressed with gzip whatever they are
     * called. They are read here, once; the pixels stay bytes in memory and become floats while batches are assembled.
     *
     * @param images a file of three dimensions: float32 [rows, columns] per example, scaled to [0, 1] by 1/255
     * @param labels a file of one dimension: int32 [] per example
     * @return the dataset
     * @throws DataException when a file cannot be read or is damaged
     * @throws IllegalArgumentException when there are not as many labels as images
     */
    public static Dataset idx(Path images, Path labels) {
        return new Dataset(Idx.read(images, labels));
    }

    private static Dataset memory(ColumnData... data) {
        return new Dataset(MemorySource.of(data));
    }

    /**
     * Shuffles through a buffer, in a new order each epoch. The seed comes from whoever opens the batches (the trainer's
     * seed in {@code fit}), so the same seed and epoch give the same order.
     *
     * @param buffer how many examples the next one is drawn from; at least the size of the dataset for a uniform shuffle
     * @return this dataset, shuffled
     * @throws IllegalArgumentException for a buffer below 1
     */
    public Dataset shuffle(int buffer) {
        return shuffled(buffer, OptionalLong.empty());
    }

    /**
     * Shuffles through a buffer, in a new order each epoch that depends on this seed only.
     *
     * @param buffer how many examples the next one is drawn from; at least the size of the dataset for a uniform shuffle
     * @param seed the same seed and epoch give the same order
     * @return this dataset, shuffled
     * @throws IllegalArgumentException for a buffer below 1
     */
    public Dataset shuffle(int buffer, long seed) {
        return shuffled(buffer, OptionalLong.of(seed));
    }

    private Dataset shuffled(int buffer, OptionalLong seed) {
        if (buffer < 1) {
            throw new IllegalArgumentException("the shuffle buffer must hold at least 1 example, but got " + buffer);
        }
        return new Dataset(new ShuffledSource(source, buffer, seed));
    }

    /**
     * Keeps the first examples.
     *
     * @param n how many; all if there are fewer
     * @return those examples
     * @throws IllegalArgumentException for a negative number
     */
    public Dataset take(long n) {
        return new Dataset(new RangeSource(source, 0, requireCount("take", n)));
    }

    /**
     * Leaves out the first examples.
     *
     * @param n how many; if there are fewer, nothing is left
     * @return the other examples
     * @throws IllegalArgumentException for a negative number
     */
    public Dataset skip(long n) {
        return new Dataset(new RangeSource(source, requireCount("skip", n), Long.MAX_VALUE));
    }

    /**
     * Calls an action before each example is delivered, on the thread that assembles batches: to count, to slow down, or
     * to fail on purpose. What it throws comes out of the iterator.
     *
     * @param action told the example's number in the pass, from 0
     * @return the same examples
     */
    public Dataset peek(LongConsumer action) {
        return new Dataset(new PeekedSource(source, Objects.requireNonNull(action, "action")));
    }

    private static long requireCount(String method, long n) {
        if (n < 0) {
            throw new IllegalArgumentException(method + "(" + n + ") needs a number of examples, 0 or more");
        }
        return n;
    }

    /**
     * Cuts off the last part, as Keras' {@code validation_split} does: of n examples the first floor(n * (1 - fraction))
     * are the first part. The cut is made below every shuffle: the parts share no example in any epoch, the first part
     * is then shuffled as this dataset is, the second is in its original order.
     *
     * @param fraction the share of the second part, between 0 and 1
     * @return both parts
     * @throws IllegalArgumentException for another fraction, an unknown size, or when a part would be empty
     * @throws IllegalStateException when {@code take} or {@code skip} came after a shuffle, as its parts would mix
     */
    public Split split(double fraction) {
        if (!(fraction > 0 && fraction < 1)) {
            throw new IllegalArgumentException(
                    "the fraction of the second part must lie between 0 and 1, but got " + fraction);
        }
        long size = source.size()
                .orElseThrow(() -> new IllegalArgumentException("split(" + fraction + ") needs a dataset of known"
                        + " size, but " + this + " has none before it is read; make two datasets of it with take(n) and"
                        + " skip(n)"));
        long first = (long) Math.floor(size * (1.0 - fraction));
        if (first == 0 || first == size) {
            throw new IllegalArgumentException("split(" + fraction + ") of " + size + " examples gives " + first
                    + " and " + (size - first) + "; choose a fraction that leaves some in both parts");
        }
        Source.Halves halves = source.splitAt(first);
        return new Split(new Dataset(halves.first()), new Dataset(halves.second()));
    }

    /**
     * The two parts of a dataset.
     *
     * @param first the examples before the cut, shuffled if the dataset was
     * @param second the examples after it, never shuffled
     */
    public record Split(Dataset first, Dataset second) {}

    /**
     * Returns how many examples a pass delivers.
     *
     * @return the number, or empty if it is not known before the data is read
     */
    public OptionalLong size() {
        return source.size();
    }

    /**
     * Groups the examples; the last batch has fewer of them if they do not divide evenly.
     *
     * @param size examples per batch
     * @return the batches
     * @throws IllegalArgumentException for a size below 1
     */
    public Batches batch(int size) {
        return batch(size, false);
    }

    /**
     * Groups the examples.
     *
     * @param size examples per batch
     * @param dropRemainder whether a shorter last batch is left out
     * @return the batches
     * @throws IllegalArgumentException for a size below 1
     */
    public Batches batch(int size, boolean dropRemainder) {
        if (size < 1) {
            throw new IllegalArgumentException("the batch size must be at least 1, but got " + size);
        }
        return new Batches(this, size, dropRemainder, 0);
    }

    BatchSupply supply(int batchSize, boolean dropRemainder, long seed, int epoch) {
        return Assembly.open(source, batchSize, dropRemainder, seed, epoch);
    }

    /** Names the columns with their dtypes and example shapes, and the number of examples. */
    @Override
    public String toString() {
        String columns = source.columns().stream().map(Column::toString).collect(Collectors.joining(", "));
        OptionalLong size = source.size();
        return "Dataset[" + columns + "; " + (size.isEmpty() ? "unknown size" : size.getAsLong() + " examples") + "]";
    }
}
