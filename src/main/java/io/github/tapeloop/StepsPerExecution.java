package io.github.tapeloop;

/**
 * How many steps a compiled trainer takes in one native call. Callbacks hear of the last batch of a call only, as with
 * Keras' {@code steps_per_execution}.
 */
public final class StepsPerExecution {

    private final int steps;

    private StepsPerExecution(int steps) {
        this.steps = steps;
    }

    /**
     * A fixed number.
     *
     * @param steps at least 1
     * @return so many steps
     */
    public static StepsPerExecution of(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("Expected at least 1 step per execution, got " + steps);
        }
        return new StepsPerExecution(steps);
    }

    /**
     * As many as take about 50 ms, found by timing the first steps of a trainer: long enough that the call itself costs
     * next to nothing, short enough that a progress bar still moves.
     *
     * @return a number to be found
     */
    public static StepsPerExecution auto() {
        return new StepsPerExecution(0);
    }

    /**
     * Whether the number is to be found.
     *
     * @return true for {@link #auto}
     */
    public boolean isAuto() {
        return steps == 0;
    }

    /**
     * The fixed number.
     *
     * @return the number, 0 if it is to be found
     */
    public int steps() {
        return steps;
    }
}
