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
}
