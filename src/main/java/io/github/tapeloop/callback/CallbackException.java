package io.github.tapeloop.callback;

import io.github.tapeloop.runtime.TapeloopException;

/** A callback threw: says which one and at which event; the cause is what it threw. */
public final class CallbackException extends TapeloopException {

    private static final long serialVersionUID = 1L;

    /**
     * Says which callback threw, and when.
     *
     * @param message names the callback and the event
     * @param cause what it threw
     */
    public CallbackException(String message, Throwable cause) {
        super(message, cause);
    }
}
