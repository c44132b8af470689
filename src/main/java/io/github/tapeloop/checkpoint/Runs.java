package io.github.tapeloop.checkpoint;

import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.store.RunReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Many runs side by side: what {@code fit} tells in {@code run.json} of each run that has checkpoints. As text a line a run, with the last
 * value of each name that was measured, and below in what their settings differ. Immutable.
 *
 * <pre>{@code
 * System.out.println(Runs.in(Path.of("runs")));
 * }</pre>
 */
public final class Runs {

    private static final int DEPTH = 4;
    private static final String FILE = "run.json";

    private final List<Run> all;

    private Runs(List<Run> all) {
        this.all = List.copyOf(all);
    }

    /**
     * A run.
     *
     * @param name its directory, relative to where runs were looked for
     * @param state {@code running}, {@code ended}, {@code stopped: …}, {@code failed: …}; a run that was killed is still {@code running}
     * @param settings what was run, as text
     * @param environment on what the numbers depend besides
     * @param seconds how long it has taken
     * @param epochs the logs of each epoch that has ended
     */
    public record Run(
            String name,
            String state,
            String settings,
            Map<String, String> environment,
            double seconds,
            List<Map<String, Double>> epochs) {

        /**
         * The last value of a name.
         *
         * @param measured {@code val_loss} for example
         * @return the value in the last epoch that measured it, NaN if none did
         */
        public double last(String measured) {
            double last = Double.NaN;
            for (Map<String, Double> logs : epochs) {
                last = logs.getOrDefault(measured, last);
            }
            return last;
        }
    }

    /**
     * Looks for runs in a directory and those in it, four deep; links are not followed.
     *
     * @param directory where runs are
     * @return those there are now, sorted by name
     * @throws CheckpointException if the directory, or what is told of a run, cannot be read
     */
    public static Runs in(Path directory) {
        try (Stream<Path> files = Files.find(
                directory,
                DEPTH,
                (path, attributes) -> attributes.isRegularFile()
                        && path.getFileName().toString().equals(FILE))) {
            List<Run> found = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                Path run = file.toAbsolutePath().getParent();
                String name = directory.toAbsolutePath().relativize(run).toString();
                RunReport.of(run).ifPresent(report -> found.add(of(name.isEmpty() ? "." : name, report)));
            }
            return new Runs(found);
        } catch (IOException e) {
            throw new CheckpointException(
                    "The runs in " + directory + " cannot be read: " + e.getMessage()
                            + ". A run.json that is damaged can be deleted; nothing depends on it",
                    e);
        }
    }

    private static Run of(String name, RunReport report) {
        return new Run(
                name, report.state(), report.settings(), report.environment(), report.seconds(), report.epochs());
    }

    /**
     * The runs.
     *
     * @return in the order of their names
     */
    public List<Run> all() {
        return all;
    }

    /** A line a run, and the settings that not all of them have. */
    @Override
    public String toString() {
        if (all.isEmpty()) {
            return "no runs" + System.lineSeparator();
        }
        Set<String> measured = new TreeSet<>();
        all.forEach(run -> run.epochs().forEach(logs -> measured.addAll(logs.keySet())));
        List<List<String>> rows = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("run", "state", "epochs", "seconds"));
        head.addAll(measured);
        rows.add(head);
        all.forEach(run -> rows.add(row(run, measured)));
        return table(rows) + differences();
    }

    private static List<String> row(Run run, Set<String> measured) {
        List<String> row = new ArrayList<>(List.of(
                run.name(),
                run.state().replaceAll("\\s+", " "),
                String.valueOf(run.epochs().size()),
                String.format(Locale.ROOT, "%.1f", run.seconds())));
        for (String name : measured) {
            boolean known = run.epochs().stream().anyMatch(logs -> logs.containsKey(name));
            row.add(known ? String.format(Locale.ROOT, "%.5g", run.last(name)) : "");
        }
        return row;
    }

    private static String table(List<List<String>> rows) {
        int[] widths = new int[rows.get(0).size()];
        rows.forEach(row -> Arrays.setAll(
                widths, column -> Math.max(widths[column], row.get(column).length())));
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = row.get(column);
                line.append(cell).append(" ".repeat(widths[column] - cell.length() + 2));
            }
            text.append(line.toString().stripTrailing()).append(System.lineSeparator());
        }
        return text.toString();
    }

    /** The lines of settings and environment that some runs have and others have not. */
    private String differences() {
        List<Set<String>> lines = all.stream().map(Runs::lines).toList();
        Set<String> common = new LinkedHashSet<>(lines.get(0));
        lines.forEach(common::retainAll);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < all.size(); i++) {
            Set<String> own = new LinkedHashSet<>(lines.get(i));
            own.removeAll(common);
            if (!own.isEmpty()) {
                text.append(System.lineSeparator()).append(all.get(i).name()).append(':');
                own.forEach(
                        line -> text.append(System.lineSeparator()).append("  ").append(line));
                text.append(System.lineSeparator());
            }
        }
        return text.toString();
    }

    private static Set<String> lines(Run run) {
        return Stream.concat(
                        run.settings().lines(),
                        run.environment().entrySet().stream().map(entry -> entry.getKey() + ": " + entry.getValue()))
                .map(String::strip)
                .filter(line -> !Objects.equals(line, ""))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }
}
