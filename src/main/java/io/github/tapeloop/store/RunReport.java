package io.github.tapeloop.store;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is told of a run beside its checkpoints, for people who look at many: {@code run.json}.
 *
 * @param state {@code running}, {@code ended}, {@code stopped: …}, {@code failed: …}
 * @param settings what was run, as text: {@code trainer.describe()}
 * @param environment versions, device, threads, by name
 * @param seconds how long the run has taken, all its parts together
 * @param epochs the logs of each epoch that ended, in order
 */
public record RunReport(
        String state,
        String settings,
        Map<String, String> environment,
        double seconds,
        List<Map<String, Double>> epochs) {

    /** A report of these, which are copied. */
    public RunReport {
        environment = Collections.unmodifiableMap(new TreeMap<>(environment));
        List<Map<String, Double>> copies = new ArrayList<>();
        epochs.forEach(logs -> copies.add(Collections.unmodifiableMap(new TreeMap<>(logs))));
        epochs = Collections.unmodifiableList(copies);
    }

    /**
     * What is told of the run that has a directory.
     *
     * @return it, or empty if there is no {@code run.json}
     * @throws IOException if it is there and cannot be read
     */
    public static Optional<RunReport> of(Path directory) throws IOException {
        return new RunFile(directory).read();
    }
}
