package io.github.tapeloop.data;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.Shape;

/**
 * An immutable description of examples: one input each and, except for predictions, one target. It is a pipeline: every
 * method returns a new dataset whose stage works on what the ones before deliver, so {@code take} after {@code shuffle}
 * takes from the shuffled order. Nothing runs until batches are pulled.
 *
 * <p>The arrays given to {@code of} are not copied. Do not change them while a loop pulls from the dataset. Datasets may
 * be shared by threads.
 */
public final class Dataset extends Pipeline {

    private Dataset(Source source) {
        super(source);
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
        return of(new Columns().input(ColumnData.of(inputs)).target(ColumnData.of(targets)));
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
        return of(new Columns().input(ColumnData.of(inputs)).target(ColumnData.of(targets)));
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
        return of(new Columns().input(ColumnData.of(inputs)).target(ColumnData.of(targets)));
    }

    /**
     * Describes rows of features without targets, for predictions.
     *
     * @param inputs rows of equal length, float32 [features] per example
     * @return the dataset
     * @throws IllegalArgumentException for ragged or empty rows
     */
    public static Dataset of(float[][] inputs) {
        return of(new Columns().input(ColumnData.of(inputs)));
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
        return of(new Columns().input(ColumnData.of(values, exampleShape)).target(ColumnData.of(targets)));
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

    /**
     * Describes examples that lie in memory, with any number of inputs and targets.
     *
     * @param columns their values
     * @return the dataset
     * @throws IllegalArgumentException for no input or unequal numbers of rows
     */
    public static Dataset of(Columns columns) {
        return new Dataset(columns.source());
    }

    /**
     * Describes arrays of TensorFlow Java, of float, double, int or long elements. They keep their dtype.
     *
     * @param inputs [examples, ...]
     * @param targets [examples, ...]
     * @return the dataset
     * @throws IllegalArgumentException for a scalar, no or unequal numbers of examples, or elements of another type
     */
    public static Dataset of(NdArray<?> inputs, NdArray<?> targets) {
        return of(new Columns().input(ColumnData.of(inputs)).target(ColumnData.of(targets)));
    }

    /**
     * Describes a list of objects, one an example, such as Java records. The list is not copied; fields are read while
     * batches are assembled, on the thread that does it (a prefetch or map thread perhaps).
     *
     * @param records the examples
     * @param fields which columns are made of each
     * @param <T> the class of the examples
     * @return the dataset
     * @throws IllegalArgumentException for an empty list or fields without an input
     */
    public static <T> Dataset ofRecords(List<T> records, Fields<T> fields) {
        return new Dataset(new RecordSource<>(Records.of(records), fields.bound()));
    }

    /**
     * Describes streams of objects, one an example. Each pass asks for a stream of its own and closes it at the end, after
     * an error, and when the pass is closed. Its size is not known. The stream is read by one thread at a time.
     *
     * @param streams makes a stream of all examples, a new one each time; in the same order, if parts of it are taken in
     *     different passes: by {@code split}, {@code take} and {@code skip}
     * @param fields which columns are made of each
     * @param <T> the class of the examples
     * @return the dataset
     * @throws IllegalArgumentException for fields without an input
     */
    public static <T> Dataset ofStream(Supplier<? extends Stream<T>> streams, Fields<T> fields) {
        return new Dataset(new RecordSource<>(Records.of(streams), fields.bound()));
    }

    /**
     * Draws examples at random for a second part: of n examples the first part keeps floor(n * (1 - fraction)). The draw is
     * made below every shuffle, repetition and augmentation, so the parts share no row in any epoch: the first is shuffled,
     * repeated and augmented as this dataset is, the second neither shuffled nor augmented. Both keep the order of the rows,
     * and {@link Row#number()} what it is in the whole.
     *
     * <p>Two kinds of data are cut in order instead, with a warning that says so: those with a {@code window} before, whose
     * windows that would share rows with both parts are dropped, and those that can only be read in order, since their size
     * is not known, such as a file that was not read yet: the second part is their end. The first pass over either part then
     * holds back as many examples as may belong to the other, and finds the size.
     *
     * <p>A {@code filter} before is part of the data: rows are drawn of all that it reads, so each part has its share of what is
     * kept about, and a cut in order is one of what is kept.
     *
     * @param fraction the share of the second part, between 0 and 1
     * @param seed the same seed draws the same examples
     * @return both parts
     * @throws IllegalArgumentException for another fraction, or when a part would be empty
     * @throws IllegalStateException when {@code take} or {@code skip} came after a shuffle or a repetition, or datasets of some
     *     of the same rows were joined, as the parts would mix
     */
    public Split split(double fraction, long seed) {
        return split("split(" + fraction + ", " + seed + ")", Cut.drawn(fraction, seed));
    }

    /**
     * Cuts off the last examples, as Keras' {@code validation_split} does; otherwise as {@link #split}. For data whose order
     * means something, such as time. Where targets are classes, and those of the last part are others than those of the rest,
     * since the data is sorted, a warning says so. Of an {@link ImageFolder}, which is sorted by class, the files are
     * shuffled by its seed before.
     *
     * @param fraction the share of the second part, between 0 and 1
     * @return both parts
     * @throws IllegalArgumentException for another fraction, or when a part would be empty
     * @throws IllegalStateException as {@link #split} does
     */
    public Split splitTail(double fraction) {
        return split("splitTail(" + fraction + ")", Cut.tail(fraction));
    }

    private Split split(String call, Cut cut) {
        Source.Halves halves = source.split(cut);
        long first = halves.first().size().orElse(1);
        long second = halves.second().size().orElse(1);
        if (first == 0 || second == 0) {
            throw new IllegalArgumentException(call + " of " + this + " gives " + first + " and " + second
                    + "; choose a fraction that leaves some in both parts");
        }
        return new Split(new Dataset(halves.first()), new Dataset(halves.second()));
    }

    /**
     * The two parts of a dataset.
     *
     * @param first the larger part or that before the cut, shuffled and augmented if the dataset was
     * @param second the part that was drawn or comes after the cut, never shuffled or augmented
     */
    public record Split(Dataset first, Dataset second) {}

    /**
     * Returns whether the examples come in another order than they lie in, as after {@code shuffle}.
     *
     * @return whether they do
     */
    public boolean isShuffled() {
        return source.isShuffled();
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
        return batches(Grouping.of(size, dropRemainder, PadTo.longest()));
    }

    /**
     * Groups examples some of whose columns differ in length: these are filled up with zeros at their end, to the longest of the
     * batch.
     *
     * @param size examples per batch
     * @return the batches
     * @throws IllegalArgumentException for a size below 1
     */
    public Batches padBatch(int size) {
        return padBatch(size, PadTo.longest());
    }

    /**
     * Groups examples some of whose columns differ in length.
     *
     * @param size examples per batch
     * @param padding to which length they are filled up, and with what
     * @return the batches
     * @throws IllegalArgumentException for a size below 1, or a padding value beyond the dtype of a column
     */
    public Batches padBatch(int size, PadTo padding) {
        for (Column column : source.columns()) {
            if (column.isOpen() && !column.dtype().holds(padding.value())) {
                throw new IllegalArgumentException(
                        "the padding value " + padding.value() + " does not fit into " + column + "; use another");
            }
        }
        return new Batches(this, Grouping.of(size, false, padding), 0);
    }

    /**
     * Groups examples of similar length, so that little is filled up: as soon as a bucket has enough for a batch, they
     * come. Each batch is filled up with zeros to the boundary its longest example fits under, so that a compiled step
     * sees few shapes. At the end of a pass what is left in the buckets comes from the shortest to the longest, in batches
     * as large as the others but the last. Holds up to {@code size} examples a bucket.
     *
     * @param size examples per batch
     * @param boundaries the longest length of each bucket, ascending; longer examples have one more bucket
     * @return the batches
     * @throws IllegalArgumentException for a size below 1, boundaries that do not ascend from 1 or more, or when no input
     *     differs in length; of several, the first one is measured
     */
    public Batches bucketByLength(int size, int... boundaries) {
        Grouping grouping = Grouping.of(size, false, PadTo.lengths(boundaries));
        int column = 0;
        while (column < source.columns().size() && !source.columns().get(column).isOpen()) {
            column++;
        }
        if (column == source.columns().size() || source.columns().get(column).role() != Role.INPUT) {
            throw new IllegalArgumentException("bucketByLength() needs an input whose examples differ in length, but "
                    + this + " has none; use batch(size)");
        }
        return new Batches(new Dataset(new BucketSource(source, column, size, boundaries.clone())), grouping, 0);
    }

    private Batches batches(Grouping grouping) {
        for (Column column : source.columns()) {
            if (column.isOpen()) {
                throw new IllegalArgumentException("the examples of " + column
                        + " differ in length and make no batch as they are; use padBatch(size)");
            }
        }
        return new Batches(this, grouping, 0);
    }

    BatchSupply supply(Grouping grouping, long seed, int epoch) {
        return Assembly.open(source, grouping, seed, epoch);
    }

    /** Names the columns with their dtypes and example shapes, and the number of examples. */
    @Override
    public String toString() {
        String columns = source.columns().stream().map(Column::toString).collect(Collectors.joining(", "));
        OptionalLong size = source.size();
        return "Dataset[" + columns + "; " + (size.isEmpty() ? "unknown size" : size.getAsLong() + " examples") + "]";
    }
}
