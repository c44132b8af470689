package io.github.tapeloop;

/**
 * A policy: what to do about steps whose loss or gradients are not finite, for {@link Fit#onNonFinite}. Such a step
 * changes nothing, no weight, no moving average, no metric, and is counted in {@link History#nonFiniteSteps}. One
 * that a loss scale can mend by falling is counted in {@link History#lossScaleSkips} and is none of these, until the
 * scale cannot fall any further.
 *
 * <p>To look costs a reduction of each gradient in every step.
 */
public final class NonFinite {

    /** What is done after some in a row. */
    private enum Then {
        GO_ON,
        ROLL_BACK,
        STOP
    }

    private final Then then;
    private final int inARow;

    private NonFinite(Then then, int inARow) {
        this.then = then;
        this.inARow = inARow;
    }

    /**
     * Goes on with the next batch, however many steps are skipped.
     *
     * @return what to do
     */
    public static NonFinite skip() {
        return new NonFinite(Then.GO_ON, 0);
    }

    /**
     * Goes back to the state at the end of the last good epoch, or at the start of the run, and goes on with the next
     * batches. After three times back to the same state the run stops.
     *
     * @param inARow after how many skipped steps in a row, at least 1
     * @return what to do
     */
    public static NonFinite rollBack(int inARow) {
        if (inARow < 1) {
            throw new IllegalArgumentException("Expected rollBack after at least 1 step, got " + inARow);
        }
        return new NonFinite(Then.ROLL_BACK, inARow);
    }

    /**
     * Ends the run at the first such step, with the weights from before it.
     *
     * @return what to do
     */
    public static NonFinite stop() {
        return new NonFinite(Then.STOP, 1);
    }

    /**
     * Whether the run goes back to an earlier state.
     *
     * @return true after {@link #rollBack}
     */
    public boolean rollsBack() {
        return then == Then.ROLL_BACK;
    }

    /**
     * Whether the run stops.
     *
     * @return true after {@link #stop}
     */
    public boolean stops() {
        return then == Then.STOP;
    }

    /**
     * After how many in a row something is done.
     *
     * @return the number of steps, {@code Long.MAX_VALUE} after {@link #skip}
     */
    public long limit() {
        return then == Then.GO_ON ? Long.MAX_VALUE : inARow;
    }

    @Override
    public String toString() {
        return switch (then) {
            case GO_ON -> "skip()";
            case ROLL_BACK -> "rollBack(" + inARow + ")";
            case STOP -> "stop()";
        };
    }
}
