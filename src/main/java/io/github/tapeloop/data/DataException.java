package io.github.tapeloop.data;

import io.github.tapeloop.runtime.TapeloopException;

/**
 * Data that could not be read or is damaged: a truncated file, a wrong magic number, a broken gzip stream. Arguments
 * that contradict each other (unequal lengths, ragged rows) are {@link IllegalArgumentException}s instead.
 */
public final class DataException extends TapeloopException {

    private static final long serialVersionUID = 1L;

    DataException(String message) {
        super(message);
    }

    DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
