package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Stops training when a value no longer improves.
 *
 * <pre>{@code
 * new EarlyStopping("val_loss").patience(3).restoreBest()
 * }</pre>
 *
 * <p>As in Keras 3, an epoch is an improvement if its value is better than the best so far by more than {@code minDelta};
 * the run stops after {@code patience} epochs without one, but never after the first epoch of a model (epoch 0). Epochs
 * that do not measure the value are passed over with a warning. Can be used in one run after another.
 */
public final class EarlyStopping implements Callback {

    private final Monitor monitor;
    private final Settings settings = new Settings();
    private int patience;
    private double baseline = Double.NaN;
    private boolean restoreBest;
    private int startFromEpoch;

    private double best;
    private int bestEpoch;
    private boolean started;
    private int wait;
    /** Whether the validation measured the moving averages of the weights. */
    private boolean measuredAverages;

    private Snapshot bestWeights;
    /** Everything before the run, as long as no value was better than none. */
    private Snapshot before;
    /** Of a checkpoint: one of the two, until the run goes on. */
    private Snapshot loaded;

    private boolean loadedBest;

    /** Watches {@code val_loss}. */
    public EarlyStopping() {
        this("val_loss");
    }

    /**
     * Watches a value.
     *
     * @param monitor its name in the logs: {@code val_loss}, {@code val_accuracy}
     */
    public EarlyStopping(String monitor) {
        this.monitor = new Monitor("EarlyStopping", monitor, 0);
    }

    /**
     * Sets how much the value must improve to count.
     *
     * @param value finite; its sign does not matter; 0 unless set
     * @return this
     */
    public EarlyStopping minDelta(double value) {
        settings.change(this, "minDelta");
        monitor.minDelta(value);
        return this;
    }

    /**
     * Sets how many epochs without improvement to wait for.
     *
     * @param epochs at least 0; with 0, which it is unless set, the first epoch without improvement is the last
     * @return this
     */
    public EarlyStopping patience(int epochs) {
        settings.change(this, "patience");
        this.patience = Require.atLeast(0, "patience", epochs);
        return this;
    }

    /**
     * Sets which way the value should go.
     *
     * @param value {@link Callback.Mode#AUTO} unless set
     * @return this
     */
    public EarlyStopping mode(Callback.Mode value) {
        settings.change(this, "mode");
        monitor.mode(value);
        return this;
    }

    /**
     * Sets a value that must be beaten: improvements that do not reach beyond it do not make the run any longer, so it
     * stops after {@code patience} epochs none of which beats the baseline. That is what Keras says, too; what it does is
     * to go on as long as epochs improve on each other.
     *
     * @param value what to beat; none unless set
     * @return this
     */
    public EarlyStopping baseline(double value) {
        settings.change(this, "baseline");
        if (Double.isNaN(value)) {
            throw new IllegalArgumentException("Expected a baseline to beat, got NaN");
        }
        this.baseline = value;
        return this;
    }

    /**
     * At the end of the run, however it ends, gives the model the weights of its best epoch, whatever the baseline. A value
     * of a validation, whose name begins with {@code val_}, belongs to the weights that it measured: to the moving averages
     * if those were in place, as {@link SwapEmaWeights} puts them, else to the weights. With any other value go the weights
     * that {@code fit} would have left if it had ended with that epoch, averages if the optimizer keeps some. If no value of the
     * run was a finite number, everything is put back to where it was before the run. Until then the best weights are held
     * in native memory a second time.
     *
     * @return this
     */
    public EarlyStopping restoreBest() {
        settings.change(this, "restoreBest");
        this.restoreBest = true;
        return this;
    }

    /**
     * Leaves the first epochs alone, in which no improvement is expected.
     *
     * @param epoch the first to watch, from 0; 0 unless set
     * @return this
     */
    public EarlyStopping startFromEpoch(int epoch) {
        settings.change(this, "startFromEpoch");
        this.startFromEpoch = Require.atLeast(0, "startFromEpoch", epoch);
        return this;
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("best", best);
        out.put("best_epoch", (long) bestEpoch);
        out.put("started", started);
        out.put("wait", (long) wait);
        out.put("measured_averages", measuredAverages);
        if (bestWeights != null) {
            out.put("best_weights", bestWeights);
        } else if (before != null) {
            out.put("before", before);
        }
    }

    @Override
    public void loadState(Stateful.Reader in) {
        if (bestWeights == null) { // The best weights stay the best, whatever training goes back to.
            best = in.getDouble("best");
            bestEpoch = Math.toIntExact(in.getLong("best_epoch"));
            started = in.getBoolean("started");
        }
        wait = Math.toIntExact(in.getLong("wait"));
        measuredAverages = in.getBoolean("measured_averages");
        for (String name : List.of("best_weights", "before")) {
            if (in.has(name)) {
                loaded = in.getSnapshot(name);
                loadedBest = name.equals("best_weights");
            }
        }
    }

    @Override
    public Set<String> monitors() {
        return Set.of(monitor.name());
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        settings.use();
        if (!event.isResumed()) {
            started = false;
            wait = 0;
            measuredAverages = false;
        }
        if (loaded != null && restoreBest) {
            goOn(run);
        } else if (restoreBest) {
            before = run.snapshot();
        }
    }

    private void goOn(Run run) {
        Snapshot kept = loadedBest ? run.weights(false) : run.snapshot();
        kept.take(loaded);
        loaded = null;
        bestWeights = loadedBest ? kept : null;
        before = loadedBest ? null : kept;
    }

    @Override
    public void onTestBatchEnd(Run run, Event.BatchEnd event) {
        if (restoreBest) {
            measuredAverages = run.averagesInPlace();
        }
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        OptionalDouble measured = monitor.value(event.logs());
        if (measured.isEmpty() || event.epoch() < startFromEpoch) {
            return;
        }
        double value = measured.getAsDouble();
        if (!started) {
            started = true;
            best = monitor.worst(run);
        }
        wait++;
        if (monitor.isBetter(run, value, best)) {
            best = value;
            bestEpoch = event.epoch();
            keep(run);
            if (Double.isNaN(baseline) || monitor.isBetter(run, value, baseline)) {
                wait = 0;
            }
        }
        if (wait > 0 && wait >= patience && event.epoch() > 0) {
            run.stop(reason());
        }
    }

    private String reason() {
        String epochs = wait + (wait == 1 ? " epoch" : " epochs");
        if (Double.isInfinite(best)) {
            return monitor.name() + " was no finite number in " + epochs;
        }
        return monitor.name() + " has not improved "
                + (Double.isNaN(baseline) ? "" : "on the best value and the baseline " + baseline + " ") + "for "
                + epochs
                + ": best " + best + " in epoch " + (bestEpoch + 1);
    }

    private void keep(Run run) {
        if (restoreBest) {
            release();
            bestWeights = run.weights(!monitor.isOfValidation() || measuredAverages);
        }
    }

    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        try {
            if (bestWeights != null) {
                bestWeights.restore();
            } else if (before != null && started) {
                before.restore();
            }
        } finally {
            release();
        }
    }

    private void release() {
        if (loaded != null) { // The run did not begin.
            loaded.close();
            loaded = null;
        }
        if (bestWeights != null) {
            bestWeights.close();
            bestWeights = null;
        }
        if (before != null) {
            before.close();
            before = null;
        }
    }

    @Override
    public String toString() {
        return "EarlyStopping";
    }
}
