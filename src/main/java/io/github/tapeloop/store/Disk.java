package io.github.tapeloop.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What file systems do differently. On Windows a directory cannot be forced to the disk, which its file system does by itself; and what another
 * program looks at, a scanner for viruses, can be neither renamed nor deleted for as long.
 */
final class Disk {

    private static final boolean WINDOWS =
            System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");
    /** With a millisecond more between two of them each time: two seconds in all. */
    private static final int TRIES = 63;

    private Disk() {}

    /** Forces names in a directory to the disk: those made and those renamed. */
    static void forceNames(Path directory) throws IOException {
        if (!WINDOWS) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /** Gives a file or directory another name in the same directory, in one step; a file takes the place of another. */
    static void rename(Path from, Path to) throws IOException {
        patiently(WINDOWS, () -> Files.move(from, to, StandardCopyOption.ATOMIC_MOVE));
    }

    /** A change of a name, which succeeds or changes nothing. */
    interface Change {
        void make() throws IOException;
    }

    /** @param waits whether others may be in the way, for a moment */
    static void patiently(boolean waits, Change change) throws IOException {
        for (int tried = 1; ; tried++) {
            try {
                change.make();
                return;
            } catch (FileSystemException e) {
                if (!waits || tried == TRIES || !isInUse(e)) {
                    throw e;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(tried));
            }
        }
    }

    /**
     * Whether another program may have the file open: a directory that holds such a file is refused as one without the right to it, and
     * one in which such a file was deleted is not empty until it is closed; for all else there is a class that says so.
     */
    private static boolean isInUse(FileSystemException e) {
        return e.getClass() == FileSystemException.class
                || e instanceof AccessDeniedException
                || e instanceof DirectoryNotEmptyException;
    }

    /** Deletes a directory and all that is in it. Links are deleted, what they lead to is not. */
    static void delete(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                patiently(WINDOWS, () -> Files.deleteIfExists(file));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                patiently(WINDOWS, () -> Files.deleteIfExists(visited));
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** What an exception says: that of a file system has the file's name for a message, and its own name tells the rest. */
    static String said(Throwable e) {
        String name = e.getClass().getSimpleName().replaceFirst("Exception$", "");
        if (e.getMessage() == null) {
            return name;
        }
        boolean silent = e instanceof FileSystemException system && system.getReason() == null;
        return silent ? name + ": " + e.getMessage() : e.getMessage();
    }
}
