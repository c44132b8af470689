package io.github.tapeloop.callback;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

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

    /**
     * Takes away what was written after a checkpoint.
     *
     * @param length how many bytes the file had then
     */
    static void cutBack(Path file, long length) throws IOException {
        long found = Files.exists(file) ? Files.size(file) : 0;
        if (found < length) {
            throw new IllegalStateException("Expected " + file + " with at least the " + length
                    + " bytes that it had at the checkpoint, got " + (Files.exists(file) ? found + " bytes" : "no file")
                    + ": put the file back, or begin the run anew in another directory of checkpoints");
        }
        if (found > length) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(length);
            }
        }
    }
}
