package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.warning.Warnings;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes a line an epoch to a file, so that a run can be followed in a spreadsheet: the epoch from 0, then the values of
 * the logs. The columns are those of the first epoch, sorted; if it was not validated, {@code val_} columns are added for
 * the epochs that will be. What an epoch did not measure is {@code NA}; what only a later one measures has no column, and is
 * warned of. Each line is on the disk when the epoch's events are over. A run that goes on from a checkpoint cuts the file
 * back to what it had then and goes on with it.
 */
public final class CsvLogger implements Callback {

    private final Path file;
    private final Settings settings = new Settings();
    private String separator = ",";
    private boolean append;
    private List<String> columns;
    private Writer out;
    /** How many bytes the file has. */
    private long length;

    /**
     * Logs to a file, which each run writes anew.
     *
     * @param file its path, in a directory that exists
     */
    public CsvLogger(Path file) {
        this.file = Objects.requireNonNull(file, "file");
    }

    /**
     * Sets what stands between two values.
     *
     * @param value one character; a comma unless set
     * @return this
     */
    public CsvLogger separator(char value) {
        settings.change(this, "separator");
        if (value == '"' || value == '\n' || value == '\r') {
            throw new IllegalArgumentException("A separator cannot be a quote or a line break");
        }
        this.separator = String.valueOf(value);
        return this;
    }

    /**
     * Goes on with a file that is there, as when a run is continued.
     *
     * @return this
     */
    public CsvLogger append() {
        settings.change(this, "append");
        this.append = true;
        return this;
    }

    @Override
    public void saveState(Stateful.Writer to) {
        to.put("bytes", length);
        if (columns != null) {
            to.put("columns", columns);
        }
    }

    @Override
    public void loadState(Stateful.Reader in) {
        if (out == null) { // Lines that were written stay, whatever training goes back to.
            length = in.getLong("bytes");
            columns = in.has("columns") ? in.getStrings("columns") : null;
        }
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        settings.use();
        FileWork.on(file, () -> {
            if (event.isResumed()) {
                FileWork.cutBack(file, length);
            } else {
                columns = null;
                length = append && Files.exists(file) ? Files.size(file) : 0;
            }
            out = append || event.isResumed()
                    ? Files.newBufferedWriter(
                            file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                    : Files.newBufferedWriter(file, StandardCharsets.UTF_8);
        });
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        Map<String, Double> logs = event.logs();
        FileWork.on(file, () -> {
            if (columns == null) {
                columns = columns(logs);
                writeHeader();
            }
            logs.keySet().stream()
                    .filter(name -> !columns.contains(name))
                    .forEach(name -> Warnings.warn(
                            CsvLogger.class,
                            "The log " + file + " has no column for '" + name
                                    + "', which the first epoch did not measure: "
                                    + "it is left out. Measure it from the first epoch on"));
            Stream<String> values = columns.stream()
                    .map(name -> logs.containsKey(name) ? logs.get(name).toString() : "NA");
            writeLine(Stream.concat(Stream.of(String.valueOf(event.epoch())), values));
        });
    }

    private static List<String> columns(Map<String, Double> logs) {
        List<String> columns = new ArrayList<>(logs.keySet()); // Sorted, as logs are.
        if (columns.stream().noneMatch(name -> name.startsWith("val_"))) {
            logs.keySet().forEach(name -> columns.add("val_" + name));
        }
        return columns;
    }

    private void writeHeader() throws IOException {
        String header = line(Stream.concat(Stream.of("epoch"), columns.stream()));
        if (Files.size(file) == 0) {
            write(header);
            return;
        }
        try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
            String present = lines.findFirst().orElseThrow();
            if (!header.stripTrailing().equals(present)) {
                throw new IllegalStateException("Cannot append to " + file + ": its columns are " + present
                        + ", this run measures " + header.stripTrailing() + ". Log to another file");
            }
        }
        if (!endsWithLineBreak()) {
            write("\n");
        }
    }

    private void write(String text) throws IOException {
        out.write(text);
        length += text.getBytes(StandardCharsets.UTF_8).length;
    }

    private boolean endsWithLineBreak() throws IOException {
        try (SeekableByteChannel in = Files.newByteChannel(file)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            in.position(in.size() - 1).read(last);
            return last.get(0) == '\n';
        }
    }

    private void writeLine(Stream<String> cells) throws IOException {
        write(line(cells));
        out.flush();
    }

    private String line(Stream<String> cells) {
        return cells.map(this::quoted).collect(Collectors.joining(separator)) + "\n";
    }

    private String quoted(String cell) {
        boolean plain = !cell.contains(separator) && cell.chars().noneMatch(c -> c == '"' || c == '\n' || c == '\r');
        return plain ? cell : '"' + cell.replace("\"", "\"\"") + '"';
    }

    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        if (out != null) {
            FileWork.on(file, out::close);
            out = null;
        }
    }

    @Override
    public String toString() {
        return "CsvLogger";
    }
}
