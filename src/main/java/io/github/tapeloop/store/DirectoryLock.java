package io.github.tapeloop.store;

import io.github.tapeloop.format.InputFile;
import io.github.tapeloop.state.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The lock of a directory: one writer at a time, of this process or another. The system lets it go when the process ends, however that ends. The
 * file that is locked says who holds it.
 */
final class DirectoryLock implements AutoCloseable {

    static final String NAME = ".lock";

    /** Far behind what is written in the file, which on Windows nobody could read otherwise. */
    private static final long POSITION = Long.MAX_VALUE - 1;

    private static final int LONGEST = 1000;

    /**
     * Who holds a lock in this process. Here it is asked before the file is touched: where locks are those of POSIX, closing any channel to a
     * file lets go of all locks that the process has on it.
     */
    private static final Map<Path, String> HELD = new ConcurrentHashMap<>();

    private final Path directory;
    private final FileChannel channel;
    private final Object key;
    private boolean closed;

    private DirectoryLock(Path directory, FileChannel channel) throws IOException {
        this.directory = directory;
        this.channel = channel;
        this.key = key(directory);
    }

    /**
     * Takes the lock.
     *
     * @param directory an existing one
     * @throws CheckpointException if another has it, with its name
     * @throws IOException if the file cannot be made
     */
    static DirectoryLock take(Path directory) throws IOException {
        boolean interrupted = Thread.interrupted(); // It would close the channel, and a lock is no place to stop at.
        try {
            Path real = directory.toRealPath();
            String holder = HELD.putIfAbsent(real, self());
            if (holder != null) {
                throw taken(directory, holder + ", in this process: end that run, or close its store");
            }
            try {
                return new DirectoryLock(real, lock(real));
            } catch (IOException | RuntimeException | Error e) {
                HELD.remove(real);
                throw e;
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static FileChannel lock(Path directory) throws IOException {
        Path file = directory.resolve(NAME);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        try {
            FileLock lock;
            try {
                lock = channel.tryLock(POSITION, 1, false);
            } catch (
                    OverlappingFileLockException
                            e) { // Another class loader of this process, with a registry of its own.
                lock = null;
            }
            if (lock == null) {
                throw taken(directory, holder(file) + ": wait until it has ended, or end it");
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(self().getBytes(StandardCharsets.UTF_8)));
            return channel;
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private static CheckpointException taken(Path directory, String holder) {
        return new CheckpointException("Expected to be the only writer of " + directory + ", got another: " + holder
                + ". Or give this run a directory of its own");
    }

    private static String holder(Path file) {
        try (InputFile text = InputFile.open(file)) {
            String read = StandardCharsets.UTF_8
                    .decode(text.read(0, (int) Math.min(LONGEST, text.size())))
                    .toString();
            return read.isBlank()
                    ? "an unknown process"
                    : read.replaceAll("\\p{Cntrl}", " ").strip();
        } catch (IOException e) {
            return "an unknown process (" + Disk.said(e) + ")";
        }
    }

    private static String self() {
        return "process " + ProcessHandle.current().pid() + host() + ", thread \""
                + Thread.currentThread().getName() + "\", since "
                + Instant.now().truncatedTo(ChronoUnit.SECONDS);
    }

    private static String host() {
        for (String variable : new String[] {"HOSTNAME", "COMPUTERNAME"}) {
            String name = System.getenv(variable);
            if (name != null && !name.isBlank()) {
                return " on " + name;
            }
        }
        return "";
    }

    /**
     * Whether the lock is still that of the directory: one that was deleted and made again has another.
     *
     * @throws IOException if the directory is gone
     */
    boolean isHeld() throws IOException {
        return Objects.equals(key, key(directory));
    }

    private static Object key(Path directory) throws IOException {
        return Files.readAttributes(directory.resolve(NAME), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            try {
                channel.close();
            } finally {
                HELD.remove(directory);
            }
        }
    }
}
