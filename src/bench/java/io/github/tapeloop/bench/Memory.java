package io.github.tapeloop.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The resident memory of this process, as Linux counts it: heap, tensors and libraries together. */
final class Memory {

    private Memory() {}

    /** Begins to look for the highest value, and tells the one now: bytes. */
    static long fromHere() throws IOException {
        Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        return peak();
    }

    /** The highest value since then: bytes. */
    static long peak() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("No VmHWM in /proc/self/status");
    }
}
