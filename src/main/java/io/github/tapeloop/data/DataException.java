package io.github.tapeloop.data;

import io.github.tapeloop.runtime.TapeloopException;

/**
 * Data that could not be read or is damaged: a truncated file, a wrong magic number, a broken gzip stream. Arguments
 * that contradict each other (unequal lengths, ragged rows) are {@link IllegalArgumentException}s instead.
 */
public final class DataException extends TapeloopException {

    private static final long serialVersionUID = 1L;

    /** @param message may hold what stands in a file: characters that nobody sees are written as their codes */
    DataException(String message) {
        super(Texts.visible(message));
    }

    DataException(String message, Throwable cause) {
        super(Texts.visible(message), cause);
    }
}
