package io.github.tapeloop.runtime;

/**
 * TensorFlow's threads of a session, see {@link TapeSession.Builder#threads(int, int)}.
 *
 * @param interOp threads that run ops, 0 for TensorFlow's default
 * @param intraOp threads inside one op, 0 for TensorFlow's default
 */
public record Threads(int interOp, int intraOp) {

    /**
     * Refuses negative numbers.
     *
     * @param interOp threads that run ops
     * @param intraOp threads inside one op
     */
    public Threads {
        if (interOp < 0 || intraOp < 0) {
            throw new IllegalArgumentException(
                    "Expected thread counts of 0 (the default) or more, got " + interOp + " and " + intraOp);
        }
    }

    /** Names both numbers. */
    @Override
    public String toString() {
        return name(interOp) + " inter-op, " + name(intraOp) + " intra-op";
    }

    private static String name(int count) {
        return count == 0 ? "default" : String.valueOf(count);
    }
}
