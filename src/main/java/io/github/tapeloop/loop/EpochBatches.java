package io.github.tapeloop.loop;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.execution.ExecutionSize;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * The batches of training, epoch by epoch: the data is opened once an epoch, or, when epochs have a fixed number of steps,
 * goes on where the last one ended. Batches come in groups of as many as one execution takes steps, single ones as long as
 * that has to be found; a group never reaches over the end of an epoch, and one whose batches differ in padded length comes in
 * parts.
 *
 * <p>Its state is the place in the data: which pass is open and how many of its batches were trained on. What was assembled
 * ahead is assembled again.
 */
final class EpochBatches implements ValueState, AutoCloseable {

    private final Batches batches;
    private final long seed;
    private final OptionalLong stepsPerEpoch;
    private final ExecutionSize size;
    private final LongSupplier nanoTime;
    private Pass current;

    /** The order of the pass that is open, or that was last. */
    private int order;
    /** How many batches of it were trained on. */
    private long consumed;
    /** Whether it may have more of them. */
    private boolean isOpen;

    EpochBatches(Batches batches, long seed, OptionalLong stepsPerEpoch, ExecutionSize size, LongSupplier nanoTime) {
        this.batches = batches;
        this.seed = seed;
        this.stepsPerEpoch = stepsPerEpoch;
        this.size = size;
        this.nanoTime = nanoTime;
    }

    /**
     * The batches of an epoch, those that are left of it.
     *
     * @param epochOrder the order if the data has to be opened for it
     * @param steps how many the epoch has had already
     */
    BatchIterator forEpoch(int epochOrder, long steps) {
        if (current == null && isOpen) {
            open(steps);
        }
        if (steps == 0 && (!isOpen || !current.hasNext())) { // A pass that has ended has closed itself.
            order = epochOrder;
            consumed = 0;
            open(0);
        }
        return current;
    }

    private void open(long steps) {
        Batches rest = consumed == 0 ? batches : batches.skip(consumed);
        current = new Pass(rest.grouped(new Groups(steps)).open(seed, order));
        isOpen = true;
    }

    /**
     * Looks at the next batch, or several in one, without taking it: the batches of the epoch begin with it. If there is none,
     * since the epoch's last step was taken, at any.
     *
     * @param epochOrder the order if the data has to be opened
     * @param steps how many the epoch has had already
     */
    void look(int epochOrder, long steps, Consumer<Batch> at) {
        if (forEpoch(epochOrder, steps).hasNext()) {
            current.peeked = current.pass.next();
            at.accept(current.peeked);
            return;
        }
        try (BatchIterator any = batches.open(seed, order)) {
            if (any.hasNext()) {
                at.accept(any.next());
            }
        }
    }

    /** Steps were taken on batches of the open pass. */
    void taken(long steps) {
        consumed += steps;
    }

    /** Goes on at an epoch where one long run would be then, if the size of the data is known and passes span epochs. */
    void goOn(int epoch) {
        if (stepsPerEpoch.isEmpty() || batches.size().isEmpty()) {
            return;
        }
        long all = batches.size().getAsLong();
        int passOrder = 0;
        long taken = 0;
        for (int earlier = 0; earlier < epoch; earlier++) {
            if (taken >= all) {
                passOrder = earlier;
                taken = 0;
            }
            taken = Math.min(all, taken + stepsPerEpoch.getAsLong());
        }
        if (taken > 0 && taken < all) {
            order = passOrder;
            consumed = taken;
            isOpen = true;
        }
    }

    @Override
    public void saveState(Writer out) {
        out.put("order", (long) order);
        out.put("consumed", consumed);
        out.put("open", isOpen);
    }

    @Override
    public void loadState(Reader in) {
        if (current != null) { // It was opened there for a look at its first batch.
            return;
        }
        order = Math.toIntExact(in.getLong("order"));
        consumed = in.getLong("consumed");
        isOpen = in.getBoolean("open");
    }

    @Override
    public void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }

    /** Says how many batches the next group has; asked by the thread that assembles them, in their order. */
    private final class Groups implements IntSupplier {

        private long given;

        /** @param steps how many the open epoch has had already */
        Groups(long steps) {
            this.given = steps % stepsPerEpoch.orElse(Long.MAX_VALUE); // All of them: the next one's come.
        }

        @Override
        public int getAsInt() {
            int steps = size.steps();
            if (stepsPerEpoch.isPresent()) {
                steps = (int) Math.min(steps, stepsPerEpoch.getAsLong() - given);
                given = (given + steps) % stepsPerEpoch.getAsLong();
            }
            return steps;
        }
    }

    /**
     * An open pass, which one can look ahead in by one. Single batches are timed from pull to pull until it is known how many
     * an execution takes.
     */
    private final class Pass implements BatchIterator {

        private final BatchIterator pass;
        private Batch peeked;

        Pass(BatchIterator pass) {
            this.pass = pass;
        }

        @Override
        public boolean hasNext() {
            boolean more = peeked != null || pass.hasNext();
            isOpen &= more;
            return more;
        }

        @Override
        public Batch next() {
            Batch batch = peeked != null ? peeked : pass.next();
            peeked = null;
            size.stepBegins(nanoTime.getAsLong());
            return batch;
        }

        @Override
        public void close() {
            pass.close();
        }
    }
}
