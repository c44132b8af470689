package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Stateful;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lowers the learning rate when a value no longer improves: after {@code patience} epochs without improvement it becomes
 * {@code max(rate * factor, minLearningRate)}, and the next {@code cooldown} epochs are not counted. Adds
 * {@code learning_rate}, that of the epoch's last step, to the logs.
 *
 * <pre>{@code
 * new ReduceLrOnPlateau("val_loss").factor(0.5).patience(3)
 * }</pre>
 *
 * <p>The optimizer must not follow a schedule: then the run fails before its first step. Can be used in one run after another.
 */
public final class ReduceLrOnPlateau implements Callback {

    private static final Logger LOG = LoggerFactory.getLogger(ReduceLrOnPlateau.class);

    private final Monitor monitor;
    private final Settings settings = new Settings();
    private double factor = 0.1;
    private int patience = 10;
    private int cooldown;
    private double minLearningRate;

    private double best;
    private boolean started;
    private int wait;
    private int cooling;

    /** Watches {@code val_loss}. */
    public ReduceLrOnPlateau() {
        this("val_loss");
    }

    /**
     * Watches a value.
     *
     * @param monitor its name in the logs: {@code val_loss}, {@code val_accuracy}
     */
    public ReduceLrOnPlateau(String monitor) {
        this.monitor = new Monitor("ReduceLrOnPlateau", monitor, 1e-4);
    }

    /**
     * Sets what the rate is multiplied with.
     *
     * @param value in (0, 1); 0.1 unless set
     * @return this
     */
    public ReduceLrOnPlateau factor(double value) {
        settings.change(this, "factor");
        this.factor = Require.properFraction("factor", value);
        return this;
    }

    /**
     * Sets how many epochs without improvement to wait for.
     *
     * @param epochs at least 0; 10 unless set
     * @return this
     */
    public ReduceLrOnPlateau patience(int epochs) {
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
    public ReduceLrOnPlateau mode(Callback.Mode value) {
        settings.change(this, "mode");
        monitor.mode(value);
        return this;
    }

    /**
     * Sets how much the value must improve to count.
     *
     * @param value finite; its sign does not matter; 0.0001 unless set
     * @return this
     */
    public ReduceLrOnPlateau minDelta(double value) {
        settings.change(this, "minDelta");
        monitor.minDelta(value);
        return this;
    }

    /**
     * Sets for how many epochs after a reduction not to count.
     *
     * @param epochs at least 0; 0 unless set
     * @return this
     */
    public ReduceLrOnPlateau cooldown(int epochs) {
        settings.change(this, "cooldown");
        this.cooldown = Require.atLeast(0, "cooldown", epochs);
        return this;
    }

    /**
     * Sets what the rate does not fall below.
     *
     * @param value at least 0; 0 unless set
     * @return this
     */
    public ReduceLrOnPlateau minLearningRate(double value) {
        settings.change(this, "minLearningRate");
        this.minLearningRate = Require.notNegative("minLearningRate", value);
        return this;
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("best", best);
        out.put("started", started);
        out.put("wait", (long) wait);
        out.put("cooling", (long) cooling);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        best = in.getDouble("best");
        started = in.getBoolean("started");
        wait = Math.toIntExact(in.getLong("wait"));
        cooling = Math.toIntExact(in.getLong("cooling"));
    }

    @Override
    public Set<String> monitors() {
        return Set.of(monitor.name());
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        settings.use();
        LearningRateScheduler.requireSettable(run);
        if (!event.isResumed()) {
            started = false;
            wait = 0;
            cooling = 0;
        }
    }

    @Override
    public Map<String, Double> epochLogs(Run run, int epoch) {
        return Map.of(LearningRateScheduler.LOG_NAME, run.learningRate());
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        OptionalDouble measured = monitor.value(event.logs());
        if (measured.isEmpty()) {
            return;
        }
        double value = measured.getAsDouble();
        if (!started) {
            started = true;
            best = monitor.worst(run);
        }
        if (cooling > 0) {
            cooling--;
        }
        if (monitor.isBetter(run, value, best)) {
            best = value;
            wait = 0;
        } else if (cooling == 0) {
            wait++;
            if (wait >= patience) {
                reduce(run, event.epoch());
            }
        }
    }

    private void reduce(Run run, int epoch) {
        double rate = run.learningRate();
        if (rate > minLearningRate) {
            double lower = Math.max(rate * factor, minLearningRate);
            run.setLearningRate(lower);
            LOG.info(
                    "Epoch {}: {} has not improved, so the learning rate falls from {} to {}",
                    epoch + 1,
                    monitor.name(),
                    rate,
                    lower);
            cooling = cooldown;
            wait = 0;
        }
    }

    @Override
    public String toString() {
        return "ReduceLrOnPlateau";
    }
}
