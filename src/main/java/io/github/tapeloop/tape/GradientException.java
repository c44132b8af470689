package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.TapeloopException;

/** A gradient that does not exist or could not be computed: names the op and the path from the target to it. */
public final class GradientException extends TapeloopException {

    private static final long serialVersionUID = 1L;

    GradientException(String message) {
        super(message);
    }

    GradientException(String message, Throwable cause) {
        super(message, cause);
    }
}
