package io.github.tapeloop.runtime;

/**
 * The root of Tapeloop's own exceptions. Bad argument values are {@link IllegalArgumentException}s and calls in the
 * wrong order {@link IllegalStateException}s as everywhere in Java; this root stands for what went wrong in between:
 * an op that failed, a gradient that does not exist, data that is damaged, a callback that threw.
 */
public abstract class TapeloopException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception without a cause.
     *
     * @param message what was expected, what came, where, and what to do
     */
    protected TapeloopException(String message) {
        super(message);
    }

    /**
     * Creates an exception with the failure that led to it.
     *
     * @param message what was expected, what came, where, and what to do
     * @param cause the failure underneath
     */
    protected TapeloopException(String message, Throwable cause) {
        super(message, cause);
    }
}
