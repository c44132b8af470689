package io.github.tapeloop.state;

/** Something whose state must be saved and restored to continue a run as if it had not stopped. */
@FunctionalInterface
public interface Stateful {

    /**
     * The variables that make up the state, by names that are the same in the next run.
     *
     * @return the state now; it can grow until the first step has run
     */
    Parameters state();

    /**
     * Writes what belongs to the state and is in no variable: counters, flags, small numbers, text.
     *
     * @param out takes values by names of this part's own; nothing unless overridden
     */
    default void saveState(StateWriter out) {}

    /**
     * Takes back what {@link #saveState} wrote.
     *
     * @param in gives the values by the same names; nothing unless overridden
     */
    default void loadState(StateReader in) {}
}
