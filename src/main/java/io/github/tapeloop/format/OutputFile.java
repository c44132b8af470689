package io.github.tapeloop.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** A new file that is written from its beginning to its end, and summed up meanwhile. */
public final class OutputFile implements AutoCloseable {

    /**
     * What was written.
     *
     * @param bytes how many
     * @param crc32c the CRC32C of all of them
     */
    public record Written(long bytes, int crc32c) {}

    private final FileChannel channel;
    private final CRC32C crc = new CRC32C();
    private long bytes;

    private OutputFile(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Makes a file.
     *
     * @throws java.nio.file.FileAlreadyExistsException if there is one
     */
    public static OutputFile create(Path path) throws IOException {
        return new OutputFile(FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /** Appends what is left in a buffer. */
    public void write(ByteBuffer buffer) throws IOException {
        bytes += buffer.remaining();
        crc.update(buffer.duplicate());
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /** Forces all of it to the disk, so that a loss of power leaves it there. */
    public Written force() throws IOException {
        channel.force(true);
        return new Written(bytes, (int) crc.getValue());
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
