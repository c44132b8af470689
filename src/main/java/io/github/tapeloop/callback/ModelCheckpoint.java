package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Stateful;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Saves the model after each epoch, or when it is the best so far, as Keras' callback of that name does: to a directory that {@code
 * Trainer.load} takes over.
 *
 * <pre>{@code
 * new ModelCheckpoint("models/{epoch:02d}-{val_loss:.2f}").monitor("val_loss").bestOnly()
 * }</pre>
 *
 * <p>To go on with a run that was killed there is {@code Fit.checkpoints(…)}, which saves the run as well: its place in the data, its
 * history, its callbacks. What is in place is saved, the moving averages of weights for example where {@link
 * SwapEmaWeights#swapOnEpoch} of a callback before this one has put them there.
 */
public final class ModelCheckpoint implements Callback {

    private static final Pattern FIELD = Pattern.compile("\\{(\\w+)(?::(?:0?(\\d*)d|\\.(\\d+)f))?}");

    private final String pattern;
    private final Settings settings = new Settings();
    private String watched = "val_loss";
    private Monitor monitor = new Monitor("ModelCheckpoint", watched, 0);
    private double threshold = Double.NaN;
    private boolean bestOnly;
    private boolean weightsOnly;
    private long everySteps;

    private boolean running;
    private double best = Double.NaN;
    private int epoch;
    private long seen;
    private long lastBatch = -1;

    /**
     * Saves after each epoch.
     *
     * @param pattern the path of a directory, in which {@code {epoch}} is the number of the epoch, from 1, {@code {batch}} that of
     *     the batch, if batches are what it saves after, and another name in braces what the logs have under it; {@code {epoch:02d}}
     *     and {@code {val_loss:.2f}} say how many digits. What was saved there before is replaced
     */
    public ModelCheckpoint(String pattern) {
        this.pattern = Objects.requireNonNull(pattern, "pattern");
    }

    /**
     * Saves after each epoch.
     *
     * @param pattern as a path, see {@link #ModelCheckpoint(String)}
     */
    public ModelCheckpoint(Path pattern) {
        this(pattern.toString());
    }

    /**
     * Sets what decides on the best.
     *
     * @param name {@code val_loss} unless set
     * @return this
     */
    public ModelCheckpoint monitor(String name) {
        settings.change(this, "monitor");
        watched = Objects.requireNonNull(name, "name");
        Monitor before = monitor;
        monitor = new Monitor("ModelCheckpoint", name, 0);
        monitor.mode(before.mode());
        return this;
    }

    /**
     * Sets which way the value should go.
     *
     * @param value {@link Callback.Mode#AUTO} unless set
     * @return this
     */
    public ModelCheckpoint mode(Callback.Mode value) {
        settings.change(this, "mode");
        monitor.mode(value);
        return this;
    }

    /**
     * Saves only what is better than all before. An epoch that does not measure the value saves nothing.
     *
     * @return this
     */
    public ModelCheckpoint bestOnly() {
        settings.change(this, "bestOnly");
        bestOnly = true;
        return this;
    }

    /**
     * Sets what the first of the best must beat.
     *
     * @param value the best of an earlier run, for example; none unless set
     * @return this
     */
    public ModelCheckpoint initialThreshold(double value) {
        settings.change(this, "initialThreshold");
        if (Double.isNaN(value)) {
            throw new IllegalArgumentException("Expected a threshold to beat, got NaN");
        }
        threshold = value;
        return this;
    }

    /**
     * Saves the weights of the model alone, without what optimizers keep and without counts.
     *
     * @return this
     */
    public ModelCheckpoint weightsOnly() {
        settings.change(this, "weightsOnly");
        weightsOnly = true;
        return this;
    }

    /**
     * Saves after so many steps instead of after epochs; of several steps in one call, after the last.
     *
     * @param steps at least 1
     * @return this
     */
    public ModelCheckpoint everySteps(long steps) {
        settings.change(this, "everySteps");
        everySteps = Require.atLeast(1L, "everySteps", steps);
        return this;
    }

    @Override
    public Set<String> monitors() {
        return bestOnly ? Set.of(watched) : Set.of();
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("best", best);
        out.put("epoch", (long) epoch);
        out.put("seen", seen);
        out.put("last_batch", lastBatch);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        if (running) { // What was saved stays the best, whatever training goes back to.
            return;
        }
        best = in.getDouble("best");
        epoch = Math.toIntExact(in.getLong("epoch"));
        seen = in.getLong("seen");
        lastBatch = in.getLong("last_batch");
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        settings.use();
        if (bestOnly && everySteps > 0 && monitor.isOfValidation()) {
            throw new IllegalArgumentException("ModelCheckpoint watches '" + watched
                    + "', which no step measures: leave everySteps out, or watch a value of training");
        }
        running = true;
        if (!event.isResumed()) {
            best = threshold;
            seen = 0;
            lastBatch = -1;
        }
    }

    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        running = false;
    }

    @Override
    public void onEpochBegin(Run run, Event.EpochBegin event) {
        epoch = event.epoch();
        lastBatch = -1;
    }

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        if (everySteps == 0) {
            return;
        }
        seen += event.batch() - lastBatch;
        lastBatch = event.batch();
        if (seen >= everySteps) {
            seen = 0;
            save(run, new TreeMap<>(event.logs()), event.batch() + 1);
        }
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        if (everySteps == 0) {
            save(run, new TreeMap<>(event.logs()), 0);
        }
    }

    private void save(Run run, Map<String, Double> logs, long batch) {
        if (bestOnly && !improves(run, monitor.value(logs))) {
            return;
        }
        logs.putIfAbsent("epoch", epoch + 1.0);
        if (batch > 0) {
            logs.putIfAbsent("batch", (double) batch);
        }
        run.save(Path.of(filledIn(logs)), weightsOnly);
    }

    private boolean improves(Run run, OptionalDouble measured) {
        if (measured.isEmpty()) {
            return false;
        }
        double than = Double.isNaN(best) ? monitor.worst(run) : best;
        if (!monitor.isBetter(run, measured.getAsDouble(), than)) {
            return false;
        }
        best = measured.getAsDouble();
        return true;
    }

    private String filledIn(Map<String, Double> logs) {
        Matcher field = FIELD.matcher(pattern);
        StringBuilder text = new StringBuilder();
        while (field.find()) {
            Double value = logs.get(field.group(1));
            if (value == null) {
                throw new IllegalArgumentException("ModelCheckpoint cannot fill in '" + field.group() + "' of "
                        + pattern + ": there are " + logs.keySet());
            }
            field.appendReplacement(text, Matcher.quoteReplacement(written(field, value)));
        }
        return field.appendTail(text).toString();
    }

    private static String written(Matcher field, double value) {
        if (field.group(3) != null) {
            return String.format(Locale.ROOT, "%." + field.group(3) + "f", value);
        }
        boolean whole = field.group(2) != null
                || field.group(1).equals("epoch")
                || field.group(1).equals("batch");
        if (!whole) {
            return String.valueOf(value);
        }
        String width = field.group(2) == null || field.group(2).isEmpty() ? "" : "0" + field.group(2);
        return String.format(Locale.ROOT, "%" + width + "d", (long) value);
    }

    @Override
    public String toString() {
        return "ModelCheckpoint";
    }
}
