package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.tensorflow.proto.GraphDef;

/**
 * Writes what TensorBoard shows, under the names that Keras uses. Look at it with {@code tensorboard --logdir <directory>}.
 *
 * <ul>
 *   <li>{@code epoch_<name>} in {@code train/} and, for what was validated, in {@code validation/}: the logs of each
 *       epoch, over epochs from 0; and {@code epoch_learning_rate}
 *   <li>{@code batch_<name>} in {@code train/}, if asked for: the logs of a batch, over the trainer's training steps
 *   <li>{@code evaluation_<name>_vs_iterations} in {@code validation/}: each validation, over training steps
 *   <li>{@code <weight>/histogram} in {@code train/}, if asked for
 *   <li>the graph of a compiled training step in {@code train/}, that of a compiled test step in {@code validation/}, if
 *       they are traced in this run: a trainer that has trained before has its graphs already
 * </ul>
 *
 * <p>Each run writes new files. They are up to date after each epoch. A run that goes on from a checkpoint cuts its files back to what
 * they had then and goes on with them; a TensorBoard that watches meanwhile may have shown the steps that were lost, whose values
 * come again.
 */
public final class TensorBoard implements Callback {

    private static final String VALIDATION = "val_";
    private static final String TRAIN = "train";
    private static final String VALIDATED = "validation";

    private final Path directory;
    private final Clock clock;
    private final Settings settings = new Settings();
    private final Set<String> graphsWritten = new HashSet<>();
    private int updateFrequency;
    private int histogramFrequency;
    private boolean writesGraph = true;
    private EventFile train;
    private EventFile validation;
    private long recorded;
    /** Of a checkpoint: the files to go on with, by their directory. */
    private final Map<String, Place> files = new HashMap<>();

    private record Place(String name, long bytes) {}

    /**
     * Writes to a directory.
     *
     * @param directory where {@code train/} and {@code validation/} are made, best a new one for each run
     */
    public TensorBoard(Path directory) {
        this(directory, Clock.systemUTC());
    }

    TensorBoard(Path directory, Clock clock) {
        this.directory = Objects.requireNonNull(directory, "directory");
        this.clock = clock;
    }

    /**
     * Also writes the logs of batches. Reading them waits for the step to end, so often is slow.
     *
     * @param batches after how many training steps to write, at least 1; never unless set
     * @return this
     */
    public TensorBoard updateFrequency(int batches) {
        settings.change(this, "updateFrequency");
        this.updateFrequency = Require.atLeast(1, "updateFrequency", batches);
        return this;
    }

    /**
     * Also writes how the values of each weight are distributed.
     *
     * @param epochs in which epochs: those whose number, from 0, it divides; at least 1; never unless set
     * @return this
     */
    public TensorBoard histogramFrequency(int epochs) {
        settings.change(this, "histogramFrequency");
        this.histogramFrequency = Require.atLeast(1, "histogramFrequency", epochs);
        return this;
    }

    /**
     * Whether to write the graphs of compiled steps; true unless set.
     *
     * @param write false to leave them out, since those of large models make large files
     * @return this
     */
    public TensorBoard writeGraph(boolean write) {
        settings.change(this, "writeGraph");
        this.writesGraph = write;
        return this;
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        settings.use();
        if (!event.isResumed()) {
            recorded = run.steps();
            graphsWritten.clear();
            files.clear();
        }
        if (writesGraph) {
            Set<String> before = run.graphs().keySet(); // Asking has them kept from now on.
            graphsWritten.addAll(event.isResumed() ? Set.of() : before);
        }
        FileWork.on(directory, () -> {
            train = open(TRAIN);
            if (files.containsKey(VALIDATED)) {
                validation = open(VALIDATED);
            }
        });
    }

    private EventFile open(String part) throws IOException {
        Place known = files.remove(part);
        Path own = directory.resolve(part);
        return known == null ? EventFile.in(own, clock) : EventFile.goOn(own.resolve(known.name), known.bytes, clock);
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("recorded", recorded);
        out.put("graphs_written", List.copyOf(graphsWritten));
        save(TRAIN, train, out);
        save(VALIDATED, validation, out);
    }

    private void save(String part, EventFile file, Stateful.Writer out) {
        if (file != null) {
            FileWork.on(directory, file::flush);
            out.put(part + "/file", file.name());
            out.put(part + "/bytes", file.length());
        }
    }

    @Override
    public void loadState(Stateful.Reader in) {
        if (train != null) { // What was written stays, whatever training goes back to.
            return;
        }
        recorded = in.getLong("recorded");
        graphsWritten.clear();
        graphsWritten.addAll(in.getStrings("graphs_written"));
        files.clear();
        for (String part : List.of(TRAIN, VALIDATED)) {
            if (in.has(part + "/file")) {
                files.put(part, new Place(in.getString(part + "/file"), in.getLong(part + "/bytes")));
            }
        }
    }

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        long steps = run.steps(); // One event can stand for several steps.
        if (updateFrequency > 0 && steps / updateFrequency > recorded / updateFrequency) {
            FileWork.on(directory, () -> write(train, "batch_", event.logs(), "", steps));
        }
        recorded = steps;
    }

    @Override
    public void onTestEnd(Run run, Event.TestEnd event) {
        FileWork.on(directory, () -> write(validation(), "evaluation_", event.logs(), "_vs_iterations", run.steps()));
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        Map<String, Double> trained = new TreeMap<>();
        Map<String, Double> validated = new TreeMap<>();
        event.logs().forEach((name, value) -> {
            if (name.startsWith(VALIDATION)) {
                validated.put(name.substring(VALIDATION.length()), value);
            } else {
                trained.put(name, value);
            }
        });
        if (run.hasLearningRate()) {
            trained.put(LearningRateScheduler.LOG_NAME, run.learningRate());
        }
        FileWork.on(directory, () -> {
            write(train, "epoch_", trained, "", event.epoch());
            if (!validated.isEmpty()) {
                write(validation(), "epoch_", validated, "", event.epoch());
            }
            if (histogramFrequency > 0 && event.epoch() % histogramFrequency == 0) {
                writeWeights(run, event.epoch());
            }
            if (writesGraph) {
                writeGraph(run, "train_step", train);
                writeGraph(run, "train_steps_round", train);
                if (validation != null) {
                    writeGraph(run, "test_step", validation);
                }
            }
            train.flush();
            if (validation != null) {
                validation.flush();
            }
        });
    }

    private void writeGraph(Run run, String step, EventFile file) throws IOException {
        GraphDef graph = run.graphs().get(step);
        if (graph != null && graphsWritten.add(step)) {
            file.graph(graph);
        }
    }

    private EventFile validation() throws IOException {
        if (validation == null) {
            validation = open(VALIDATED);
        }
        return validation;
    }

    private static void write(EventFile file, String before, Map<String, Double> logs, String after, long step)
            throws IOException {
        for (Map.Entry<String, Double> log : logs.entrySet()) {
            file.scalar(before + log.getKey() + after, log.getValue(), step);
        }
    }

    private void writeWeights(Run run, int epoch) throws IOException {
        for (Variable<?> variable : run.model().variables()) {
            train.histogram(variable.name() + "/histogram", Histogram.of(variable.toDoubles()), epoch);
        }
    }

    /** Closes the files, also after a failure. */
    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        FileWork.on(directory, () -> {
            try (EventFile first = train;
                    EventFile second = validation) {
                train = null;
                validation = null;
            }
        });
    }

    @Override
    public String toString() {
        return "TensorBoard";
    }
}
