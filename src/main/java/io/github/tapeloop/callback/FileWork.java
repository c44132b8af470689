package io.github.tapeloop.callback;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Work that a callback does on its files. */
@FunctionalInterface
interface FileWork {

    void run() throws IOException;

    /** Does the work; if it cannot be done, the exception names the file. */
    static void on(Path file, FileWork work) {
        try {
            work.run();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
