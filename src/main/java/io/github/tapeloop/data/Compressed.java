package io.github.tapeloop.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Opens files that may be compressed with gzip: their first bytes tell, not the name. Says of a failure what and where it is. */
final class Compressed {

    /** As many bytes as tell what a file is. */
    static final int SNIFFED = 12;

    private static final int BUFFER_BYTES = 1 << 16;
    /** No deflated byte stands for more than 258 bytes in 2 bits. */
    private static final long MOST_DEFLATED = 1032;

    /** So much memory is taken without a look at the file, which costs a system call. */
    private static final int TAKEN_UNSEEN = 1 << 20;

    private Compressed() {}

    /**
     * The contents of a file, uncompressed and buffered.
     *
     * @throws DataException if there is no such file, or it cannot be opened
     */
    static InputStream open(Path file) {
        return open(file, first -> false);
    }

    /**
     * The contents of a file, uncompressed and buffered.
     *
     * @param isPlain tells of the first bytes, up to {@link #SNIFFED} of them, that the file is certainly not compressed
     * @throws DataException if there is no such file, or it cannot be opened
     */
    static InputStream open(Path file, Predicate<byte[]> isPlain) {
        try {
            return new Heard(uncompressed(file, isPlain));
        } catch (IOException e) {
            throw failure(file.toString(), e);
        }
    }

    private static InputStream uncompressed(Path file, Predicate<byte[]> isPlain) throws IOException {
        BufferedInputStream in = new BufferedInputStream(existing(file), BUFFER_BYTES);
        try {
            return isGzip(in, isPlain) ? new BufferedInputStream(new GZIPInputStream(in, BUFFER_BYTES)) : in;
        } catch (IOException | RuntimeException | Error e) {
            in.close();
            throw e;
        }
    }

    /** Magic number, method deflate, and none of the flags that are reserved (RFC 1952). */
    private static boolean isGzip(BufferedInputStream in, Predicate<byte[]> isPlain) throws IOException {
        in.mark(SNIFFED);
        byte[] first = in.readNBytes(SNIFFED);
        in.reset();
        byte[] magic = {0x1f, (byte) 0x8b};
        if (first.length < magic.length || !Arrays.equals(magic, 0, 2, first, 0, 2) || isPlain.test(first)) {
            return false;
        }
        return first.length < 4 || first[2] == 8 && (first[3] & 0xe0) == 0;
    }

    private static InputStream existing(Path file) throws IOException {
        try {
            return Files.newInputStream(file);
        } catch (NoSuchFileException e) { // Named from the root, for who started the program in another directory.
            throw new DataException("There is no file " + file.toAbsolutePath(), e);
        }
    }

    /** A failure to read, with what to do. */
    static DataException failure(String place, IOException e) {
        if (e instanceof EOFException || e instanceof ZipException) {
            return new DataException(
                    place + ": the gzip stream is damaged or truncated (" + e.getMessage()
                            + "); get a new copy of the file",
                    e);
        }
        if (e instanceof AccessDeniedException) {
            return new DataException(place + " may not be read; change its permissions", e);
        }
        String what = e.getMessage() == null ? e.toString() : e.getMessage();
        String cure = what.contains("directory") ? "; name a file in it" : "";
        return new DataException(place + " cannot be read: " + what + cure, e);
    }

    /** Fails if a file is too small to hold so many bytes, compressed or not: before memory is taken for them. */
    static void requireSize(Path file, String place, long bytes) {
        if (bytes <= TAKEN_UNSEEN) {
            return;
        }
        try {
            long size = Files.isRegularFile(file) ? Files.size(file) : Long.MAX_VALUE;
            if (size < bytes / MOST_DEFLATED) {
                throw new DataException(place + " is to have " + Texts.size(bytes) + ", but the whole file has "
                        + Texts.size(size) + ", which cannot be so much even compressed; get a new copy of the file");
            }
        } catch (IOException e) {
            throw failure(place, e);
        }
    }

    /**
     * Reads so many bytes, or fewer at the end of the file. Takes memory as it reads: a damaged number must not make it take
     * what the file does not have.
     */
    static byte[] read(InputStream in, String place, int bytes) throws IOException {
        Runtime java = Runtime.getRuntime();
        try {
            if (bytes < java.maxMemory()) {
                return in.readNBytes(bytes);
            }
        } catch (OutOfMemoryError e) {
            throw tooLarge(place, bytes, java, e);
        }
        throw tooLarge(place, bytes, java, null);
    }

    private static DataException tooLarge(String place, int bytes, Runtime java, OutOfMemoryError e) {
        return new DataException(
                place + " has " + Texts.size(bytes) + ", for which the heap of " + Texts.size(java.maxMemory())
                        + " has no room; cut the data into smaller files, or start Java with a larger -Xmx",
                e);
    }

    /** Hears interrupts: a small file may be very long. */
    private static final class Heard extends InputStream {

        private final InputStream in;

        Heard(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            Interrupts.check();
            return in.read();
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            Interrupts.check();
            return in.read(bytes, from, count);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
