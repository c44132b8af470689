package io.github.tapeloop.loop;

import java.util.concurrent.CancellationException;

/** An evaluation or a prediction was stopped before its last batch, so it has no result: an interrupt, or the end of its trainer. */
public final class CutShortException extends CancellationException {

    private static final long serialVersionUID = 1L;

    /** @param cause what the interrupt made of the data, or null */
    public CutShortException(String message, Throwable cause) {
        super(message);
        initCause(cause);
    }
}
