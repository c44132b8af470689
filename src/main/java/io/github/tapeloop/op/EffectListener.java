package io.github.tapeloop.op;

import java.util.Collection;

/** A listener to ops that change state as they run, for who holds other changes back: a transaction. */
public interface EffectListener {

    /** Hears that an op is about to change state, a variable for example. */
    void writes();

    /**
     * Hears that an op is about to run a function.
     *
     * @param sharedNames the names under which the session keeps the variables that the function uses
     */
    void uses(Collection<String> sharedNames);
}
