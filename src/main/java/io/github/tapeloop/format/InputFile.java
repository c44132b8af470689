package io.github.tapeloop.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.zip.CRC32C;

/**
 * A file of unknown origin that is read here and there, by any thread. It is a regular file: no link, which could lead anywhere, and no pipe,
 * which could hold the reader up. An interrupt does not end a read: whoever was interrupted hears of it afterwards.
 */
public final class InputFile implements AutoCloseable {

    private static final int CHUNK = 1 << 22;

    private final Path path;
    private final long size;
    private FileChannel channel;
    private boolean closed;

    private InputFile(Path path, long size, FileChannel channel) {
        this.path = path;
        this.size = size;
        this.channel = channel;
    }

    /**
     * Opens a file.
     *
     * @throws FormatException if it is no regular file
     * @throws IOException if it is not there or cannot be read
     */
    public static InputFile open(Path path) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isRegularFile()) {
            String came =
                    attributes.isSymbolicLink() ? "a link" : attributes.isDirectory() ? "a directory" : "a device";
            throw new FormatException("Expected a regular file " + path + ", got " + came);
        }
        boolean interrupted = Thread.interrupted(); // It would close the channel.
        try {
            while (true) {
                FileChannel channel = channel(path);
                try {
                    return new InputFile(path, channel.size(), channel);
                } catch (ClosedByInterruptException e) {
                    interrupted |= Thread.interrupted();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static FileChannel channel(Path path) throws IOException {
        return FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    /** How many bytes it has. */
    public long size() {
        return size;
    }

    /** Where it is. */
    public Path path() {
        return path;
    }

    /**
     * Some of its bytes. Nothing is allocated for bytes that it does not have.
     *
     * @throws FormatException if it is shorter
     */
    public ByteBuffer read(long from, int length) throws IOException {
        if (from < 0 || length < 0 || from > size - length) {
            throw new FormatException("Expected " + length + " bytes from byte " + from + " on in " + path
                    + ", which has only " + size + ": it was cut off");
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        read(from, bytes);
        return bytes.flip();
    }

    /** The CRC32C of all its bytes. */
    public int crc32c() throws IOException {
        CRC32C crc = new CRC32C();
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK, size));
        for (long at = 0; at < size; at += chunk.limit()) {
            chunk.clear().limit((int) Math.min(CHUNK, size - at));
            read(at, chunk);
            crc.update(chunk.flip());
        }
        return (int) crc.getValue();
    }

    private synchronized void read(long from, ByteBuffer target) throws IOException {
        boolean interrupted = Thread.interrupted();
        try {
            while (target.hasRemaining()) {
                try {
                    if (channel.read(target, from + target.position()) < 0) {
                        throw new FormatException(
                                "Expected " + size + " bytes in " + path + ", which became shorter while it was read");
                    }
                } catch (ClosedChannelException e) {
                    interrupted |= Thread.interrupted();
                    reopen(e);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void reopen(ClosedChannelException e) throws IOException {
        if (closed) {
            throw new IOException(path + " is closed: read it before closing it", e);
        }
        channel = channel(path);
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        channel.close();
    }
}
