package io.github.tapeloop;

import io.github.tapeloop.callback.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The record of a run of {@code fit}: the loss and every metric of every epoch, how long it took, why it stopped.
 * Immutable.
 */
public final class History {

    private final List<Event.EpochEnd> epochs;
    private final Optional<String> stopReason;
    private final long nonFiniteSteps;
    private final long lossScaleSkips;
    private final long rollbacks;
    private final List<String> warnings;

    /**
     * What a run did, for who runs a loop of their own.
     *
     * @param epochs the epochs that ended, in order
     * @param stopReason why it ended before its last epoch, or empty
     * @param nonFiniteSteps steps that changed nothing since their loss or gradients were not finite
     * @param lossScaleSkips steps that a loss scale skipped
     * @param rollbacks how often it went back to an earlier state
     * @param warnings what looked wrong, in its order
     */
    public History(
            List<Event.EpochEnd> epochs,
            Optional<String> stopReason,
            long nonFiniteSteps,
            long lossScaleSkips,
            long rollbacks,
            List<String> warnings) {
        this.epochs = List.copyOf(epochs);
        this.stopReason = stopReason;
        this.nonFiniteSteps = nonFiniteSteps;
        this.lossScaleSkips = lossScaleSkips;
        this.rollbacks = rollbacks;
        this.warnings = List.copyOf(warnings);
    }

    /**
     * How many steps changed nothing since their loss or gradients were not finite; counted if {@link Fit#onNonFinite} asks.
     *
     * @return the number of steps
     */
    public long nonFiniteSteps() {
        return nonFiniteSteps;
    }

    /**
     * How many steps a loss scale skipped, to try a smaller one.
     *
     * @return the number of steps
     */
    public long lossScaleSkips() {
        return lossScaleSkips;
    }

    /**
     * How often the run went back to an earlier state, see {@link NonFinite#rollBack}.
     *
     * @return the number of times
     */
    public long rollbacks() {
        return rollbacks;
    }

    /**
     * What looked wrong though the run went on, such as logits that a loss takes for probabilities: each once, with what to
     * do about it. The log has the same, if an SLF4J binding is on the class path.
     *
     * @return texts in the order in which they were said; empty if there is nothing to say
     */
    public List<String> warnings() {
        return warnings;
    }

    /**
     * The epochs that ended.
     *
     * @return their logs, seconds and speeds, in order
     */
    public List<Event.EpochEnd> epochs() {
        return epochs;
    }

    /**
     * The names of all that was measured.
     *
     * @return {@code loss}, the metrics, and the same with {@code val_} before them
     */
    public SortedSet<String> names() {
        SortedSet<String> names = new TreeSet<>();
        epochs.forEach(epoch -> names.addAll(epoch.logs().keySet()));
        return names;
    }

    /**
     * A curve: the values of one name, epoch by epoch.
     *
     * @param name {@code loss} or {@code val_accuracy}, for example
     * @return its values; epochs that did not measure it (validation can be rarer) are left out
     * @throws IllegalArgumentException if nothing of this name was measured
     */
    public List<Double> values(String name) {
        List<Double> values = new ArrayList<>();
        for (Event.EpochEnd epoch : epochs) {
            Double value = epoch.logs().get(name);
            if (value != null) {
                values.add(value);
            }
        }
        if (values.isEmpty()) {
            throw new IllegalArgumentException("Nothing named '" + name + "' was measured; there are " + names());
        }
        return values;
    }

    /**
     * The last value of a curve.
     *
     * @param name {@code loss} or {@code val_accuracy}, for example
     * @return the value of the last epoch that measured it
     * @throws IllegalArgumentException if nothing of this name was measured
     */
    public double last(String name) {
        List<Double> values = values(name);
        return values.get(values.size() - 1);
    }

    /**
     * Why the run ended before its last epoch.
     *
     * @return the reason given to {@code run.stop}, or empty if it ran to its end
     */
    public Optional<String> stopReason() {
        return stopReason;
    }

    /** A line an epoch, numbered from 1 as the progress bar and the reasons for stopping number them. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Event.EpochEnd epoch : epochs) {
            text.append("epoch ")
                    .append(epoch.epoch() + 1)
                    .append(' ')
                    .append(epoch.logs())
                    .append(System.lineSeparator());
        }
        if (nonFiniteSteps > 0) {
            text.append("steps that were not finite: ")
                    .append(nonFiniteSteps)
                    .append(rollbacks > 0 ? ", went back " + rollbacks + " times" : "")
                    .append(System.lineSeparator());
        }
        warnings.forEach(warning -> text.append("warning: ").append(warning).append(System.lineSeparator()));
        stopReason.ifPresent(reason -> text.append("stopped: ").append(reason));
        return text.toString();
    }
}
