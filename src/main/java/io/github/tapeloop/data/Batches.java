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
     * Joins consecutive batches to larger ones, for a loop that takes several steps at a time and cuts each up again. Each is
     * filled up to the length it would have by itself; those whose lengths differ are not joined, and the group comes in
     * several parts. What fails, fails after the batches before it have come. {@link #size} and {@link #batchSize} stay those of the batches that are joined.
     *
     * @param batches says how many the next group is made of, at least 1, when it is assembled, which may be on another
     *     thread and ahead of time where batches are prefetched; asked again when all of them have come
     * @return batches for one pass at a time
     */
    public Batches grouped(IntSupplier batches) {
        return new Batches(dataset, grouping.inParts(batches), Math.min(prefetch, 2));
    }

    /**
     * Draws examples at random for validation: see {@link Dataset#split}. Both parts keep the batch size, the treatment of the
     * remainder and the prefetch.
     *
     * @param fraction the share of the validation examples, between 0 and 1
     * @param seed the same seed draws the same examples
     * @return both parts
     * @throws IllegalArgumentException for another fraction, or when a part would be empty
     * @throws IllegalStateException when {@code take} or {@code skip} came after a shuffle, as the parts would mix
     */
    public Split split(double fraction, long seed) {
        return over(dataset.split(fraction, seed));
    }

    /**
     * Cuts off the last examples for validation, as Keras' {@code validation_split} does: see {@link Dataset#splitTail}. Both
     * parts keep the batch size, the treatment of the remainder and the prefetch.
     *
     * @param fraction the share of the validation examples, between 0 and 1
     * @return both parts
     * @throws IllegalArgumentException for another fraction, or when a part would be empty
     * @throws IllegalStateException when {@code take} or {@code skip} came after a shuffle, as the parts would mix
     */
    public Split splitTail(double fraction) {
        return over(dataset.splitTail(fraction));
    }

    private Split over(Dataset.Split parts) {
        return new Split(over(parts.first()), over(parts.second()));
    }

    /**
     * Returns whether the examples come in another order than they lie in, so that what is predicted of them stands in that
     * order, too: after {@code shuffle} and {@code bucketByLength}.
     *
     * @return whether they do
     */
    public boolean isShuffled() {
        return dataset.isShuffled();
    }

    /**
     * The two parts of some batches.
     *
     * @param train the first part, shuffled and augmented if the dataset was
     * @param validation the second part, never shuffled or augmented
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

    private Batches over(Dataset other) {
        return new Batches(other, grouping, prefetch);
    }

    /** Says how many examples a batch has, and of which dataset. */
    @Override
    public String toString() {
        return "Batches[" + batchSize() + " of " + dataset + (grouping.dropRemainder() ? ", whole ones only" : "")
                + (prefetch == 0 ? "]" : ", prefetch " + prefetch + "]");
    }
}
