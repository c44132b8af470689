package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
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
    private Snapshot bestWeights;

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
     * @param value {@link Mode#AUTO} unless set
     * @return this
     */
    public EarlyStopping mode(Mode value) {
        settings.change(this, "mode");
        monitor.mode(value);
        return this;
    }

    /**
     * Sets a value that must be beaten: improvements below it do not make the run any longer.
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
     * At the end of the run, however it ends, gives the model the weights of its best epoch; the first epoch watched is
     * the best until another improves on it, whatever the baseline. Until then the best weights are held in native memory
     * a second time.
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
        out.put("bestEpoch", (long) bestEpoch);
        out.put("started", started);
        out.put("wait", (long) wait);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        best = in.getDouble("best");
        bestEpoch = Math.toIntExact(in.getLong("bestEpoch"));
        started = in.getBoolean("started");
        wait = Math.toIntExact(in.getLong("wait"));
    }

    @Override
    public Set<String> monitors() {
        return Set.of(monitor.name());
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        settings.use();
        started = false;
        wait = 0;
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
            keep(run, event.epoch());
        }
        wait++;
        if (monitor.isBetter(run, value, best)) {
            best = value;
            keep(run, event.epoch());
            if (Double.isNaN(baseline) || monitor.isBetter(run, value, baseline)) {
                wait = 0;
            }
        } else if (wait >= patience && event.epoch() > 0) {
            run.stop(monitor.name() + " has not improved for " + wait + (wait == 1 ? " epoch" : " epochs") + ": best "
                    + best + " in epoch " + (bestEpoch + 1));
        }
    }

    private void keep(Run run, int epoch) {
        if (restoreBest && (bestWeights == null || bestEpoch != epoch)) {
            release();
            bestWeights = Snapshot.of(run.model().variables());
        }
        bestEpoch = epoch;
    }

    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        try {
            if (bestWeights != null) {
                bestWeights.restore();
            }
        } finally {
            release();
        }
    }

    private void release() {
        if (bestWeights != null) {
            bestWeights.close();
            bestWeights = null;
        }
    }
}
