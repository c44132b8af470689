package io.github.tapeloop.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory a process takes that keeps a checkpoint after every so many steps: the highest that was resident, as Linux counts it (VmHWM):
 * heap, tensors and libraries together. A process of its own for each number, with a heap that is resident from the start, so that what
 * differs is outside of it.
 */
final class KeptMemory {

    private static final int STEPS = 1_050;

    private KeptMemory() {}

    public static void main(String[] args) throws IOException {
        long everySteps = Long.parseLong(args[0]);
        try (Kept kept = new Kept(Workload.MLP128, everySteps)) {
            kept.microsPerStep(STEPS);
            System.out.printf(
                    "memory mlp128, %d steps, %s: %.1f MB at the highest, %d handles left%n",
                    STEPS,
                    everySteps == 0 ? "no checkpoint" : "a checkpoint every " + everySteps,
                    highest() / 1e6,
                    kept.handles());
        }
    }

    private static long highest() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("No VmHWM in /proc/self/status");
    }

    /** Prints it, measured in another process. */
    static void print(long everySteps) {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms300m",
                "-Xmx300m",
                "-XX:+UseSerialGC",
                "-XX:+AlwaysPreTouch",
                "-classpath",
                System.getProperty("java.class.path"),
                KeptMemory.class.getName(),
                String.valueOf(everySteps));
        try {
            int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (exit != 0) {
                throw new IllegalStateException("The process that measures memory ended with " + exit);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("Memory could not be measured", e);
        }
    }
}
