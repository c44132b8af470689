package io.github.tapeloop.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** Opens files that may be compressed with gzip: the first two bytes tell, not the name. */
final class Compressed {

    private static final int GZIP_MAGIC = 0x1f8b;
    private static final int BUFFER_BYTES = 1 << 16;

    private Compressed() {}

    /**
     * The contents of a file, uncompressed and buffered.
     *
     * @throws DataException if there is no such file
     */
    static InputStream open(Path file) throws IOException {
        BufferedInputStream in = new BufferedInputStream(existing(file), BUFFER_BYTES);
        try {
            in.mark(2);
            int magic = in.read() << 8 | in.read();
            in.reset();
            return magic == GZIP_MAGIC ? new BufferedInputStream(new GZIPInputStream(in, BUFFER_BYTES)) : in;
        } catch (IOException | RuntimeException | Error e) {
            in.close();
            throw e;
        }
    }

    private static InputStream existing(Path file) throws IOException {
        try {
            return Files.newInputStream(file);
        } catch (NoSuchFileException e) { // Named from the root, for who started the program in another directory.
            throw new DataException("There is no file " + file.toAbsolutePath(), e);
        }
    }
}
