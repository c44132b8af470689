package io.github.tapeloop.loop;

import io.github.tapeloop.account.ValueState;
import java.util.function.LongSupplier;

/** The place of a run: which epoch is open or comes next, and how far the open one is. */
final class Place implements ValueState {

    private static final double NANOS = 1e9;

    private final LongSupplier nanoTime;
    private int epoch;
    private boolean isOpen;
    /** What the order of the open epoch's data depends on. */
    private int order;

    private BatchLoop.Totals done = BatchLoop.Totals.NONE;
    /** When the run would have begun, had it run without a break. */
    private long runStart;
    /** When the open epoch would have begun, had it run without a break. */
    private long start;
    /** Steps of the run that went over batches, those that were taken back since included. */
    private long taken;

    /** @param epoch the first one */
    Place(int epoch, LongSupplier nanoTime) {
        this.epoch = epoch;
        this.nanoTime = nanoTime;
    }

    /** The epoch that is open, or the next. */
    int epoch() {
        return epoch;
    }

    /** Whether everybody has heard that the epoch has begun. */
    boolean isOpen() {
        return isOpen;
    }

    /** The number that the order of the open epoch's data depends on. */
    int order() {
        return order;
    }

    /** How much of the open epoch was done. */
    BatchLoop.Totals done() {
        return done;
    }

    /** How long the open epoch has lasted, in all processes. */
    double seconds() {
        return nanos() / NANOS;
    }

    /** How long the run has lasted, in all processes. */
    double runSeconds() {
        return runNanos() / NANOS;
    }

    private long runNanos() {
        return nanoTime.getAsLong() - runStart;
    }

    private long nanos() {
        return nanoTime.getAsLong() - start;
    }

    /** How many steps the run has gone over: never fewer than before. */
    long taken() {
        return taken;
    }

    /** The time of the run begins. */
    void startRun() {
        runStart = nanoTime.getAsLong();
    }

    /** The time of the epoch begins. */
    void startTime() {
        start = nanoTime.getAsLong();
    }

    /** The epoch begins. */
    void open(int epochOrder) {
        isOpen = true;
        order = epochOrder;
        done = BatchLoop.Totals.NONE;
    }

    /**
     * Steps were taken.
     *
     * @return how many
     */
    long reach(BatchLoop.Totals now) {
        long steps = now.steps() - done.steps();
        taken += steps;
        done = now;
        return steps;
    }

    /** The epoch has ended; the next one comes. */
    void close() {
        isOpen = false;
        done = BatchLoop.Totals.NONE;
        epoch++;
    }

    @Override
    public void saveState(Writer out) {
        out.put("epoch", (long) epoch);
        out.put("open", isOpen);
        out.put("order", (long) order);
        out.put("steps", done.steps());
        out.put("examples", done.examples());
        out.put("nanos", isOpen ? nanos() : 0);
        out.put("taken", taken);
        out.put("run_nanos", runNanos());
    }

    @Override
    public void loadState(Reader in) {
        epoch = Math.toIntExact(in.getLong("epoch"));
        isOpen = in.getBoolean("open");
        order = Math.toIntExact(in.getLong("order"));
        done = new BatchLoop.Totals(in.getLong("steps"), in.getLong("examples"));
        start = nanoTime.getAsLong() - in.getLong("nanos");
        taken = in.getLong("taken");
        runStart = nanoTime.getAsLong() - in.getLong("run_nanos");
    }
}
