package io.github.tapeloop;

/** How many steps an execution takes: known from the start, or once the first steps have been timed. */
final class ExecutionSize {

    private final boolean fixed;
    private int steps;

    /** @param steps a fixed number, or 0 for one that is to be found */
    ExecutionSize(int steps) {
        this.fixed = steps > 0;
        this.steps = steps;
    }

    boolean isKnown() {
        return steps > 0;
    }

    /** The number, 1 as long as it is not known. */
    int steps() {
        return Math.max(1, steps);
    }

    void set(int found) {
        steps = found;
    }

    /**
     * The number for epochs of a given number of steps, which executions must fill.
     *
     * @throws IllegalArgumentException if a fixed number does not divide the steps
     */
    int within(long stepsPerEpoch) {
        if (fixed && stepsPerEpoch % steps != 0) {
            throw new IllegalArgumentException(
                    "stepsPerEpoch, " + stepsPerEpoch + ", must be a multiple of the steps per execution, " + steps);
        }
        int most = (int) Math.min(steps(), stepsPerEpoch);
        while (stepsPerEpoch % most != 0) {
            most--;
        }
        return most;
    }
}
