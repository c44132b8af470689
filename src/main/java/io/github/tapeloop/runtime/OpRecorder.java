package io.github.tapeloop.runtime;

/** Hears of every op made in an environment, right after it ran (or was added to a graph): a gradient tape's ear. */
@FunctionalInterface
public interface OpRecorder {

    /**
     * Called with each op, on the thread that made it.
     *
     * @param op the op, its inputs, attributes and outputs
     */
    void record(RecordedOp op);
}
