package io.github.tapeloop.op;

import java.util.OptionalInt;

/**
 * A listener that hears of every op made in an environment, right after it ran (or was added to a graph): a gradient
 * tape's ear.
 */
@FunctionalInterface
public interface OpRecorder {

    /**
     * Called with each op, on the thread that made it.
     *
     * @param op the op, its inputs, attributes and outputs
     */
    void record(RecordedOp op);

    /**
     * How many ops it keeps, for the report of what is live.
     *
     * @return the number of ops that stay on the Java heap until the recording ends, or empty for one that is no tape
     */
    default OptionalInt kept() {
        return OptionalInt.empty();
    }
}
