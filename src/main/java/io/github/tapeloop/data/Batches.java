package io.github.tapeloop.data;

import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

/**
 * A dataset in groups of examples, as a loop pulls them. Immutable, and may be shared by threads; each pass is a {@link
 * BatchIterator} of its own.
 *
 * <p>{@code for (Batch batch : batches)} is enough for a loop that runs to its end; see {@link BatchIterator} for how
 * long a batch lives. A loop that may leave early opens a pass in try-with-resources: {@code try (BatchIterator pass =
 * batches.open(seed, epoch))}.
 */
public final class Batches implements Iterable<Batch> {

    private final Dataset dataset;
    private final Grouping grouping;
    private final int prefetch;
    private final AtomicInteger nextEpoch = new AtomicInteger();

    Batches(Dataset dataset, Grouping grouping, int prefetch) {
        this.dataset = dataset;
        this.grouping = grouping;
        this.prefetch = prefetch;
    }

    /**
     * Starts a pass. Shuffles without a seed of their own draw from this seed; the same seed and epoch give the same
     * batches, with or without prefetch.
     *
     * @param seed for the shuffles
     * @param epoch for the shuffles too: each epoch has another order
     * @return the pass, to be closed by the caller unless it runs to its end
     * @throws DataException when the data cannot be opened
     * @throws IllegalArgumentException when a batch has more elements than fit into one array
     */
    public BatchIterator open(long seed, int epoch) {
        BatchSupply supply = dataset.supply(grouping, seed, epoch);
        return new PulledBatches(prefetch == 0 ? supply : Prefetch.start(supply, prefetch));
    }

    /**
     * Starts a pass with the seed 0 and the next epoch of this object's own count, so that a hand-written loop sees a
     * new order each time.
     *
     * @return the pass, to be closed by the caller unless it runs to its end
     * @throws DataException when the data cannot be opened
     */
    @Override
    public BatchIterator iterator() {
        return open(0, nextEpoch.getAndIncrement());
    }

    /**
     * Assembles batches ahead of the loop, on one daemon thread per pass named {@code tapeloop-prefetch}. It ends with
     * the pass. What it throws comes out of the iterator, in its place among the batches.
     *
     * @param n how many batches may wait, each in native memory; 0 assembles on the thread that pulls
     * @return these batches, prefetched
     * @throws IllegalArgumentException for a negative number
     */
    public Batches prefetch(int n) {
        if (n < 0) {
            throw new IllegalArgumentException("prefetch(" + n + ") needs a number of batches, 0 or more");
        }
        return new Batches(dataset, grouping, n);
    }

    /**
     * Keeps the first batches of each pass.
     *
     * @param nBatches how many; all if there are fewer
     * @return those batches
     * @throws IllegalArgumentException for a negative number
     */
    public Batches take(long nBatches) {
        if (nBatches < 0) {
            throw new IllegalArgumentException("take(" + nBatches + ") needs a number of batches, 0 or more");
        }
        long examples = nBatches > Long.MAX_VALUE / batchSize() ? Long.MAX_VALUE : nBatches * batchSize();
        return over(dataset.take(examples));
    }

    /**
     * Leaves out the first batches of each pass.
     *
     * @param nBatches how many; if there are fewer, nothing is left
     * @return the other batches
     * @throws IllegalArgumentException for a negative number
     */
    public Batches skip(long nBatches) {
        if (nBatches < 0) {
            throw new IllegalArgumentException("skip(" + nBatches + ") needs a number of batches, 0 or more");
        }
        return over(dataset.skip(nBatches > Long.MAX_VALUE / batchSize() ? Long.MAX_VALUE : nBatches * batchSize()));
    }

    /**
     * The same examples in the same order, several batches in one: for a loop that takes several steps at a time and cuts
     * each batch up again. A remainder that was dropped stays dropped.
     *
     * @param batches how many batches make one, at least 1
     * @return larger batches, prefetched if these are
     * @throws IllegalArgumentException for a number below 1
     */
    public Batches grouped(int batches) {
        if (batches < 1) {
            throw new IllegalArgumentException("grouped(" + batches + ") needs a number of batches, 1 or more");
        }
        Grouping larger = grouping.withSize(Math.multiplyExact(batchSize(), batches));
        return new Batches(grouping.dropRemainder() ? wholeBatches() : dataset, larger, Math.min(prefetch, 2));
    }

    /**
     * Joins consecutive batches to larger ones of different sizes. The last one of a pass may be smaller; {@link #size} and
     * {@link #batchSize} stay those of the batches that are joined.
     *
     * @param batches says how many the next is to be made of, at least 1, when it is assembled, which may be on another
     *     thread and ahead of time where batches are prefetched
     * @return batches for one pass at a time
     */
    public Batches grouped(IntSupplier batches) {
        return new Batches(
                grouping.dropRemainder() ? wholeBatches() : dataset, grouping.inParts(batches), Math.min(prefetch, 2));
    }

    private Dataset wholeBatches() {
        OptionalLong kept = examples();
        return kept.isPresent()
                ? dataset.take(kept.getAsLong())
                : Dataset.from(new WholeBatchesSource(dataset.source, batchSize()));
    }

    /**
     * Cuts off the last part for validation, as Keras' {@code validation_split} does: see {@link Dataset#split}. The
     * validation examples are the last ones before any shuffle and are not shuffled. Both parts keep the batch size, the
     * treatment of the remainder and the prefetch.
     *
     * @param fraction the share of the validation examples, between 0 and 1
     * @return both parts
     * @throws IllegalArgumentException for another fraction, an unknown size, or when a part would be empty
     * @throws IllegalStateException when {@code take} or {@code skip} came after a shuffle, as the parts would mix
     */
    public Split split(double fraction) {
        Dataset.Split parts = dataset.split(fraction);
        return new Split(over(parts.first()), over(parts.second()));
    }

    /**
     * The two parts of some batches.
     *
     * @param train the examples before the cut, shuffled if the dataset was
     * @param validation the examples after it, never shuffled
     */
    public record Split(Batches train, Batches validation) {}

    /**
     * Returns how many batches a pass delivers.
     *
     * @return the number, or empty if it is not known before the data is read
     */
    public OptionalLong size() {
        OptionalLong known = dataset.size();
        if (known.isEmpty()) {
            return known;
        }
        long whole = known.getAsLong() / batchSize();
        boolean remainder = !grouping.dropRemainder() && known.getAsLong() % batchSize() > 0;
        return OptionalLong.of(remainder ? whole + 1 : whole);
    }

    /**
     * Returns how many examples the batches of a pass hold together, without a dropped remainder.
     *
     * @return the number, or empty if it is not known before the data is read
     */
    public OptionalLong examples() {
        OptionalLong known = dataset.size();
        if (known.isEmpty() || !grouping.dropRemainder()) {
            return known;
        }
        return OptionalLong.of(known.getAsLong() - known.getAsLong() % batchSize());
    }

    /**
     * Returns the number of examples in each batch but perhaps the last.
     *
     * @return examples per batch
     */
    public int batchSize() {
        return grouping.size();
    }

    /**
     * Whether the examples come in another order than that of the data, which a shuffle or another stage has mixed.
     *
     * @return true after a shuffle
     */
    public boolean isShuffled() {
        return !dataset.source.ordered();
    }

    private Batches over(Dataset other) {
        return new Batches(other, grouping, prefetch);
    }
}
