package io.github.tapeloop.testing;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Data that does what a test wants: fails at a chosen batch, ends with a short one, counts what was read.
 *
 * <pre>{@code
 * Batches broken = ScriptedDataset.of(data, 32).failsAtBatch(2, () -> new IllegalStateException("disk")).batches();
 * }</pre>
 */
public final class ScriptedDataset {

    private final Dataset dataset;
    private final int batchSize;
    private final AtomicLong read;
    private final long failingBatch;
    private final Supplier<? extends RuntimeException> failure;

    private ScriptedDataset(
            Dataset dataset,
            int batchSize,
            AtomicLong read,
            long failingBatch,
            Supplier<? extends RuntimeException> failure) {
        this.dataset = dataset;
        this.batchSize = batchSize;
        this.read = read;
        this.failingBatch = failingBatch;
        this.failure = failure;
    }

    /**
     * Starts a script over data.
     *
     * @param dataset the examples
     * @param batchSize examples a batch, at least 1
     * @return a script without surprises
     */
    public static ScriptedDataset of(Dataset dataset, int batchSize) {
        return new ScriptedDataset(Objects.requireNonNull(dataset, "dataset"), batchSize, new AtomicLong(), -1, null);
    }

    /**
     * Throws, in every pass, instead of delivering a batch.
     *
     * @param batch which, from 0
     * @param exception makes what is thrown
     * @return a changed script
     */
    public ScriptedDataset failsAtBatch(long batch, Supplier<? extends RuntimeException> exception) {
        if (batch < 0) {
            throw new IllegalArgumentException("Expected a batch of at least 0, got " + batch);
        }
        return new ScriptedDataset(dataset, batchSize, read, batch, Objects.requireNonNull(exception, "exception"));
    }

    /**
     * Ends after some full batches with one that is shorter.
     *
     * @param fullBatches how many full batches come first, at least 0
     * @param examples how many examples the last has, at least 1 and fewer than the others
     * @return a changed script
     */
    public ScriptedDataset endsShort(long fullBatches, int examples) {
        if (fullBatches < 0 || examples < 1 || examples >= batchSize) {
            throw new IllegalArgumentException("Expected at least 0 full batches and a last one of 1 to "
                    + (batchSize - 1) + " examples, got " + fullBatches + " and " + examples);
        }
        Dataset cut = dataset.take(fullBatches * batchSize + examples);
        return new ScriptedDataset(cut, batchSize, read, failingBatch, failure);
    }

    /**
     * The batches as scripted.
     *
     * @return batches to train on
     */
    public Batches batches() {
        return dataset.peek(this::beforeExample).batch(batchSize);
    }

    private void beforeExample(long example) {
        if (failure != null && example == failingBatch * batchSize) {
            throw failure.get();
        }
        read.incrementAndGet();
    }

    /**
     * How many examples were delivered in all passes over this script and those it was made from.
     *
     * @return the number so far
     */
    public long examplesRead() {
        return read.get();
    }

    /** Says of which dataset it is. */
    @Override
    public String toString() {
        return "ScriptedDataset[" + batchSize + " of " + dataset + "]";
    }
}
