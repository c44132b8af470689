package io.github.tapeloop.store;

import io.github.tapeloop.format.FormatException;
import io.github.tapeloop.format.InputFile;
import io.github.tapeloop.format.Json;
import io.github.tapeloop.format.OutputFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The file {@code run.json} in a run's directory. What others have added to it, tags and notes, stays there. */
final class RunFile {

    static final String NAME = "run.json";

    private static final String WRITING = ".tmp-" + NAME;
    private static final long LONGEST = 1L << 26;

    private final Path directory;

    RunFile(Path directory) {
        this.directory = directory;
    }

    /** Writes it beside and renames it, so that who reads meanwhile reads the one before. */
    void write(RunReport report) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("state", report.state());
        all.put("seconds", Json.ofDouble(report.seconds()));
        all.put("settings", report.settings());
        all.put("environment", report.environment());
        List<Object> epochs = new ArrayList<>();
        for (Map<String, Double> logs : report.epochs()) {
            Map<String, Object> numbers = new TreeMap<>();
            logs.forEach((name, value) -> numbers.put(name, Json.ofDouble(value)));
            epochs.add(numbers);
        }
        all.put("epochs", epochs);
        others().forEach(all::putIfAbsent);
        Path writing = directory.resolve(WRITING);
        Files.deleteIfExists(writing);
        try (OutputFile out = OutputFile.create(writing)) {
            out.write(ByteBuffer.wrap(Json.bytes(Json.pretty(all) + "\n")));
            out.force();
        }
        Disk.rename(writing, directory.resolve(NAME));
        Disk.forceNames(directory);
    }

    /** What is there and was not written by this class; nothing if the file is damaged. */
    private Map<String, Object> others() throws IOException {
        try {
            return Files.exists(directory.resolve(NAME), LinkOption.NOFOLLOW_LINKS) ? fields().all() : Map.of();
        } catch (FormatException e) {
            return Map.of(); // For people only: what cannot be read is written anew.
        }
    }

    private JsonFields fields() throws IOException {
        Path path = directory.resolve(NAME);
        try (InputFile file = InputFile.open(path)) {
            if (file.size() > LONGEST) {
                throw new FormatException("Expected at most " + LONGEST + " bytes in " + path + ", got " + file.size());
            }
            return JsonFields.of(path.toString(), Json.parse(Json.text(file.read(0, (int) file.size()))));
        }
    }

    /** What is told, or empty if there is no such file. */
    Optional<RunReport> read() throws IOException {
        if (!Files.exists(directory.resolve(NAME), LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        JsonFields all = fields();
        List<Map<String, Double>> epochs = new ArrayList<>();
        for (Object logs : all.list("epochs")) {
            epochs.add(JsonFields.of("an epoch", logs).doubles());
        }
        return Optional.of(new RunReport(
                all.text("state"),
                all.text("settings"),
                all.object("environment").texts(),
                all.decimal("seconds"),
                epochs));
    }
}
