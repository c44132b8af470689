package io.github.tapeloop.runtime;

/**
 * An op that TensorFlow refused or failed to run: says which one, on what inputs, and TensorFlow's own words.
 *
 * <p>An output that does not fit into memory is one of these, too. What a kernel needs besides, while it runs, TensorFlow takes
 * without asking whether it was given: a convolution that comes to the end of native memory there ends the process, and
 * nothing outside of it can know before. Leave native memory as much room as the largest outputs take.
 */
public final class OpException extends TapeloopException {

    private static final long serialVersionUID = 1L;

    /** The TensorFlow op type. */
    private final String type;

    /**
     * A failure.
     *
     * @param type the TensorFlow op type, or the name of a graph that ran as one
     * @param message what failed, and why
     */
    public OpException(String type, String message) {
        super(message);
        this.type = type;
    }

    /**
     * The same failure with more to say of it.
     *
     * @param failure what happened
     * @param note what to add to its message
     */
    public OpException(OpException failure, String note) {
        super(failure.getMessage() + ". " + note, failure);
        this.type = failure.type;
    }

    /**
     * The type of the op that failed.
     *
     * @return a TensorFlow op type, {@code MatMul} for example
     */
    public String type() {
        return type;
    }
}
