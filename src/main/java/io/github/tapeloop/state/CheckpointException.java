package io.github.tapeloop.state;

import io.github.tapeloop.runtime.TapeloopException;

/**
 * A checkpoint that could not be written, or cannot be read: damaged, of another model, of a newer version, in a directory that
 * another process writes to. Says what was expected, what came, of which file, and what to do. Nothing has been changed by
 * what threw it: variables are as they were, and so are earlier checkpoints.
 */
public final class CheckpointException extends TapeloopException {

    private static final long serialVersionUID = 1L;

    /**
     * Says what is wrong.
     *
     * @param message what was expected, what came, where, and what to do
     */
    public CheckpointException(String message) {
        super(message);
    }

    /**
     * Says what is wrong, and what failed underneath.
     *
     * @param message what was expected, what came, where, and what to do
     * @param cause the failure underneath
     */
    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
