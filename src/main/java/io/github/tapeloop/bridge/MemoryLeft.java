package io.github.tapeloop.bridge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.Pointer;

/** How much memory the process can still take. Where the system does not tell, that is more than there is. */
final class MemoryLeft {

    private static final Path CONTAINER = Path.of("/sys/fs/cgroup/memory.max");
    private static final Path MACHINE = Path.of("/proc/meminfo");

    private MemoryLeft() {}

    static double bytes() {
        return Math.min(Math.min(ofMachine(), Pointer.totalPhysicalBytes()), ofProcess() - Pointer.physicalBytes());
    }

    /** What others use, too, is not left; what the system would give up for it is. */
    private static double ofMachine() {
        double kilobytes = 0;
        boolean isTold = false;
        for (String line : lines(MACHINE)) {
            if (line.startsWith("MemAvailable:") || line.startsWith("SwapFree:")) {
                isTold |= line.startsWith("MemAvailable:");
                kilobytes += number(line.replaceAll("[^0-9]", ""), 0);
            }
        }
        return isTold ? kilobytes * 1024 : Double.POSITIVE_INFINITY;
    }

    /** What it may take in all, of its container and of the program that it is. */
    private static double ofProcess() {
        double asked = Pointer.maxPhysicalBytes(); // 0 for no limit.
        double most = asked > 0 ? asked : Double.POSITIVE_INFINITY;
        for (String line : lines(CONTAINER)) {
            most = Math.min(most, number(line.strip(), Double.POSITIVE_INFINITY));
        }
        return most;
    }

    private static double number(String text, double otherwise) {
        return text.matches("[0-9]+") ? Double.parseDouble(text) : otherwise;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.isReadable(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            return List.of(); // Then it is said by TensorFlow, or by the system.
        }
    }
}
