package io.github.tapeloop.callback;

import io.github.tapeloop.runtime.TapeloopException;

/** A callback threw: says which one and at which event; the cause is what it threw. */
public final class CallbackException extends TapeloopException {

    private static final long serialVersionUID = 1L;

    CallbackException(String message, Throwable cause) {
        super(message, cause);
    }
}
