package io.github.tapeloop.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The stages a dataset may be followed by; each method returns a new dataset. */
abstract sealed class Pipeline permits Dataset {

    final Source source;

    Pipeline(Source source) {
        this.source = source;
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
        return Dataset.from(new ShuffledSource(source, buffer, seed));
    }

    /**
     * Keeps the first examples.
     *
     * @param n how many; all if there are fewer
     * @return those examples
     * @throws IllegalArgumentException for a negative number
     */
    public Dataset take(long n) {
        return Dataset.from(new RangeSource(source, 0, requireCount("take", n)));
    }

    /**
     * Leaves out the first examples.
     *
     * @param n how many; if there are fewer, nothing is left
     * @return the other examples
     * @throws IllegalArgumentException for a negative number
     */
    public Dataset skip(long n) {
        return Dataset.from(new RangeSource(source, requireCount("skip", n), Long.MAX_VALUE));
    }

    /**
     * Calls an action before each example is delivered, on the thread that assembles batches: to count, to slow down, or
     * to fail on purpose. What it throws comes out of the iterator.
     *
     * @param action told the example's number in the pass, from 0
     * @return the same examples
     */
    public Dataset peek(LongConsumer action) {
        return Dataset.from(new PeekedSource(source, Objects.requireNonNull(action, "action")));
    }

    private static long requireCount(String method, long n) {
        if (n < 0) {
            throw new IllegalArgumentException(method + "(" + n + ") needs a number of examples, 0 or more");
        }
        return n;
    }

    /**
     * Replaces each example by another one of the same columns, on the thread that assembles batches.
     *
     * @param function makes the new example; what it throws comes out of the iterator as a {@link DataException} with the
     *     number of the example
     * @return the new examples, in the order of the old ones
     */
    public Dataset map(UnaryOperator<Row> function) {
        return map(0, function);
    }

    /**
     * Replaces each example by another one of the same columns, several at a time. The order stays, and so do the seeds
     * of {@link Row#seed()}: any number of threads gives the same examples.
     *
     * @param threads daemon threads named {@code tapeloop-map} that each pass has of its own and ends when it ends; they
     *     read the examples too. 0 for the thread that assembles batches
     * @param function makes the new example; called by these threads at once. What it throws comes out of the iterator as
     *     a {@link DataException} with the number of the example
     * @return the new examples, in the order of the old ones
     * @throws IllegalArgumentException for a negative number of threads
     */
    public Dataset map(int threads, UnaryOperator<Row> function) {
        List<Column> columns = source.columns();
        return mapped(columns, threads, row -> function.apply(row).toExample(columns));
    }

    /**
     * Replaces each example by one of other columns, on the thread that assembles batches.
     *
     * @param function makes an object of an example; what it throws comes out of the iterator as a {@link DataException}
     *     with the number of the example
     * @param fields which columns are made of the object
     * @param <R> the class of the objects
     * @return the new examples, in the order of the old ones
     * @throws IllegalArgumentException for fields without an input
     */
    public <R> Dataset map(Function<? super Row, ? extends R> function, Fields<R> fields) {
        return map(0, function, fields);
    }

    /**
     * Replaces each example by one of other columns, several at a time, in their order.
     *
     * @param threads as in {@link #map(int, UnaryOperator)}
     * @param function makes an object of an example; called by these threads at once. What it throws comes out of the
     *     iterator as a {@link DataException} with the number of the example
     * @param fields which columns are made of the object
     * @param <R> the class of the objects
     * @return the new examples, in the order of the old ones
     * @throws IllegalArgumentException for a negative number of threads or fields without an input
     */
    public <R> Dataset map(int threads, Function<? super Row, ? extends R> function, Fields<R> fields) {
        List<Fields.Bound<R>> bound = fields.bound();
        List<Column> columns = bound.stream().map(Fields.Bound::column).toList();
        return mapped(columns, threads, row -> HeldExample.of(columns, bound, function.apply(row)));
    }

    private Dataset mapped(List<Column> columns, int threads, MapSource.Mapper mapper) {
        if (threads < 0) {
            throw new IllegalArgumentException("map() needs a number of threads, 0 or more, but got " + threads);
        }
        return Dataset.from(new MapSource(source, columns, threads, mapper));
    }

    /**
     * Changes the images at random, differently in each epoch, for training: the second part of a {@code split} has them as they
     * are, and {@code cache} keeps them as they are. They are changed when a later stage needs their pixels: a {@code map} with
     * threads after it, even one that changes nothing, changes several at a time.
     *
     * @param augment the changes; of {@link Augment#crop} the part in the middle is left where nothing is random
     * @return these images, changed: those of the first input that is float32 [height, width, channels]
     * @throws IllegalArgumentException if there is none, or the images are smaller than the part to be cut out
     */
    public Dataset augment(Augment augment) {
        return Dataset.from(new AugmentSource(source, augment));
    }

    /**
     * Keeps the examples that a condition holds for. How many is not known before they are read. Of an example that it does not
     * ask for its image, the image is not read here; a {@code shuffle} after it holds names of files still.
     *
     * @param condition called on the thread that assembles batches; what it throws comes out of the iterator as a {@link
     *     DataException} with the number of the example
     * @return those examples
     */
    public Dataset filter(Predicate<? super Row> condition) {
        return Dataset.from(new FilterSource(source, condition));
    }

    /**
     * Appends other datasets: each is opened when the one before has ended.
     *
     * @param others datasets of the same columns
     * @return all examples, one dataset after the other
     * @throws IllegalArgumentException for other columns
     */
    public Dataset concat(Dataset... others) {
        return joined(Long.MAX_VALUE, others);
    }

    /**
     * Takes turns with other datasets until all have ended. All are open at once.
     *
     * @param block how many examples of one dataset come before the next has its turn
     * @param others datasets of the same columns
     * @return all examples, first of this dataset
     * @throws IllegalArgumentException for a block below 1 or other columns
     */
    public Dataset interleave(int block, Dataset... others) {
        return joined(requirePositive("block", block), others);
    }

    private Dataset joined(long turn, Dataset... others) {
        List<Source> sources = new ArrayList<>();
        sources.add(source);
        for (Dataset other : others) {
            sources.add(other.source);
        }
        return Dataset.from(new JoinedSource(sources, turn));
    }

    /**
     * Keeps the examples on the Java heap; later passes, also those of its parts, deliver them without reading again, in the
     * order of the first. A pass that ends early keeps what it has read, unless a stream, a filter or a shuffle comes before:
     * then the first pass that comes to its end is kept. Shuffles and random maps belong after it: what is before it is as in
     * epoch 0, whichever epoch fills the cache. An {@link #augment} before it is made again for each pass, of what is kept.
     *
     * @return the same examples
     */
    public Dataset cache() {
        return Dataset.from(source.cached());
    }

    /**
     * Delivers the examples several times in one pass, shuffled differently each time if they are. Ends early when there is
     * none.
     *
     * @param times how often, 1 or more
     * @return the examples, again and again
     * @throws IllegalArgumentException for a number below 1
     */
    public Dataset repeat(int times) {
        return Dataset.from(new RepeatSource(source, requirePositive("times", times)));
    }

    /**
     * Makes one example of consecutive ones, as for time series: inputs [...] become [length, ...], the target and the
     * weight are those of the last example in the window. A window that is not full is left out. Each row is read once.
     *
     * <p>For a forecast, let the target of each row be what comes after it: {@code Dataset.of(series, nextValues).window(48, 1)}
     * predicts of 48 rows the value that follows the last. A {@code split} keeps the order and drops windows that share rows.
     *
     * @param length how many examples make one
     * @param shift how many examples one window begins after the other
     * @return the windows
     * @throws IllegalArgumentException for a length or a shift below 1, or examples that differ in length
     */
    public Dataset window(int length, int shift) {
        return Dataset.from(
                new WindowSource(source, requirePositive("length", length), requirePositive("shift", shift)));
    }

    /**
     * Sets the weight of each example by its class, as Keras' {@code class_weight} does: the integer that is its target, the
     * nearest one for a target that is a float (a smoothed label), or of a distribution over classes, such as one-hot ones,
     * the index of the largest.
     *
     * @param weights weights by class, finite and 0 or more; 1 for a class that is not named
     * @return the same examples with {@link Batch#sampleWeight}; a target that says no class is a {@link DataException}
     * @throws IllegalArgumentException for another weight, sample weights that are there already, when there is not one
     *     target, or when it has several dimensions, so several classes an example perhaps
     */
    public Dataset classWeights(Map<Integer, ? extends Number> weights) {
        return Dataset.from(ClassWeightSource.of(source, weights));
    }

    private static int requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, but got " + value);
        }
        return value;
    }

    /**
     * Returns how many examples a pass delivers.
     *
     * @return the number, or empty if it is not known before the data is read
     */
    public OptionalLong size() {
        return source.size();
    }
}
