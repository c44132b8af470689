package io.github.tapeloop;

/** How many steps an execution takes: known from the start, or once the first steps have been timed. */
final class ExecutionSize {

    private int steps;

    /** @param steps a fixed number, or 0 for one that is to be found */
    ExecutionSize(int steps) {
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
}
