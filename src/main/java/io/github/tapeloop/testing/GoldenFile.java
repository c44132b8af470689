package io.github.tapeloop.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A curve in a text file: a comment with its name, then one number a line, exact to the last bit. */
final class GoldenFile {

    static final String UPDATE = "tapeloop.golden.update";

    private GoldenFile() {}

    static boolean isUpdating() {
        return Boolean.getBoolean(UPDATE);
    }

    static double[] read(Path file) {
        if (!Files.exists(file)) {
            throw new AssertionError("There is no golden curve " + file.toAbsolutePath() + ": run the test with -D"
                    + UPDATE + "=true to write it, and look at it before you commit it");
        }
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NumberFormatException e) {
            throw new AssertionError("The golden curve " + file + " is damaged: " + e.getMessage(), e);
        }
    }

    static void write(Path file, String name, double[] values) {
        List<String> lines = new ArrayList<>(List.of("# " + name));
        for (double value : values) {
            lines.add(Double.toString(value));
        }
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.write(file, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
