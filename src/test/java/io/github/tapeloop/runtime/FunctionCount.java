package io.github.tapeloop.runtime;

/** Counts functions for tests of other packages. */
public final class FunctionCount {

    private FunctionCount() {}

    /** How many functions a session holds, those that are parts of others included. */
    public static int of(TapeSession session) {
        return session.functions().size();
    }
}
