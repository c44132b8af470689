package io.github.tapeloop.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a child process says of its trials in files, so that it is known when it has died: the trial under way and what it
 * does at the moment, in memory that is the file's own, and a line for each finding.
 */
final class Journal implements AutoCloseable {

    /** The trial under way: its seed, and what it does. */
    record Page(long seed, String note) {}

    private static final int SIZE = 16 * 1024;

    private final MappedByteBuffer page;
    private final Path folder;
    private final Map<String, Integer> outcomes = new TreeMap<>();
    private long seed;

    Journal(Path folder) throws IOException {
        this.folder = folder;
        try (FileChannel channel = FileChannel.open(
                pageIn(folder), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            page = channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE);
            page.putLong(0, -1);
        }
    }

    private static Path pageIn(Path folder) {
        return folder.resolve("under-way");
    }

    /** The trial under way in a folder, or the last one. */
    static Page read(Path folder) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(pageIn(folder)));
        if (bytes.remaining() < Long.BYTES + Integer.BYTES) {
            return new Page(-1, ""); // Just made.
        }
        long seed = bytes.getLong();
        byte[] text = new byte[Math.max(0, Math.min(bytes.getInt(), bytes.remaining()))];
        bytes.get(text);
        return new Page(seed, new String(text, StandardCharsets.UTF_8));
    }

    void begin(long newSeed) {
        seed = newSeed;
        page.putLong(0, seed);
        note("");
    }

    /** What is done next, and might be the last thing. */
    void note(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, SIZE - Long.BYTES - Integer.BYTES);
        page.putInt(Long.BYTES, 0);
        page.put(Long.BYTES + Integer.BYTES, bytes, 0, length);
        page.putInt(Long.BYTES, length);
    }

    /** Something that should not be. */
    void finding(String kind, String what) {
        outcome(kind);
        write(
                "findings.txt",
                kind + "\t" + seed + "\t"
                        + what.substring(0, Math.min(what.length(), 4000)).replaceAll("\\s+", " ") + "\n");
    }

    /** What is right, and is to be read once. */
    void say(String words) {
        write("said.txt", words.replaceAll("\\s+", " ") + "\n");
    }

    private void write(String file, String line) {
        try {
            Files.writeString(folder.resolve(file), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The seed of the trial under way. */
    long seed() {
        return seed;
    }

    /** Counts how trials end. */
    void outcome(String kind) {
        outcomes.merge(kind, 1, Integer::sum);
    }

    Map<String, Integer> outcomes() {
        return outcomes;
    }

    @Override
    public void close() {
        page.force();
    }
}
