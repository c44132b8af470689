package io.github.tapeloop.format;

import java.io.IOException;

/** A file is not what its format demands: says what was expected, what came, and where. */
public final class FormatException extends IOException {

    private static final long serialVersionUID = 1L;

    public FormatException(String message) {
        super(message);
    }

    public FormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
