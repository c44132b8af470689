package io.github.tapeloop.callback;

import io.github.tapeloop.state.Stateful;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * Follows a run of {@code fit} or {@code evaluate}. All methods do nothing unless overridden; they are called on the
 * thread of the loop, callbacks in the order they were given, events in the order of Keras:
 *
 * <pre>
 * onTrainBegin
 *   onEpochBegin
 *     onTrainBatchBegin, onTrainBatchEnd     for each batch
 *     onTestBegin                            if validation is due
 *       onTestBatchBegin, onTestBatchEnd     for each batch
 *     onTestEnd
 *   onEpochEnd
 * onTrainEnd                                 always, and once, however the run ends
 * onWarning                                  before any of them
 * </pre>
 *
 * <p>The settings of Tapeloop's own callbacks end when their first run begins, as those of every part end at first use: a
 * setter called later throws an {@link IllegalStateException}. A callback that has followed a run can follow another, set as
 * it is.
 *
 * <p>A callback may evaluate and predict with the trainer that it follows, at any event: the run goes on as if it had not. It
 * may not train with it.
 *
 * <p>What a callback throws ends the run as a {@link CallbackException}, an {@link Error} as itself.
 */
public interface Callback {

    /**
     * Writes what this callback remembers from batch to batch and from epoch to epoch: for a checkpoint, so that the run can go on
     * in another process, and for a run that goes back to an earlier state. Called between two steps or two epochs, when all
     * callbacks have heard of them.
     *
     * @param out takes values by names of this callback's own; nothing unless overridden
     */
    default void saveState(Stateful.Writer out) {}

    /**
     * Takes back what {@link #saveState} wrote. In a run that goes on from a checkpoint this comes before {@link #onTrainBegin},
     * whose event says that the run is {@link Event.TrainBegin#isResumed resumed}: it must not reset what was loaded. In the middle
     * of a run it means that the run goes back: what records the run, a file for example, is left as it is.
     *
     * @param in gives the values by the same names; nothing unless overridden
     */
    default void loadState(Stateful.Reader in) {}

    /**
     * What in the logs of an epoch this callback cannot do without. {@code fit} refuses a name that nobody measures, before
     * its first step if that can be known then.
     *
     * @return names such as {@code val_loss}; none unless overridden
     */
    default Set<String> monitors() {
        return Set.of();
    }

    /**
     * Whether this callback has something to do for each training step, and not only for the last of several in one call. If a
     * callback of a run does, {@code fit} takes single steps, whatever the steps per execution.
     *
     * @return false unless overridden
     */
    default boolean followsEachStep() {
        return false;
    }

    /**
     * Called before the first epoch.
     *
     * @param run the run
     * @param event what is planned
     */
    default void onTrainBegin(Run run, Event.TrainBegin event) {}

    /**
     * Called once at the end, also after a failure.
     *
     * @param run the run
     * @param event how it ended
     */
    default void onTrainEnd(Run run, Event.TrainEnd event) {}

    /**
     * Called before the first batch of an epoch.
     *
     * @param run the run
     * @param event which epoch
     */
    default void onEpochBegin(Run run, Event.EpochBegin event) {}

    /**
     * What to add to the logs of an epoch: asked for after its validation, before {@link #onEpochEnd} of any callback, so
     * that all callbacks and the history see it. A name that the logs have already gets the new value.
     *
     * @param run the run
     * @param epoch which, from 0
     * @return values by name; none unless overridden
     */
    default Map<String, Double> epochLogs(Run run, int epoch) {
        return Map.of();
    }

    /**
     * Called after an epoch and its validation.
     *
     * @param run the run
     * @param event the epoch's results
     */
    default void onEpochEnd(Run run, Event.EpochEnd event) {}

    /**
     * Called before each training step.
     *
     * @param run the run
     * @param event which batch
     */
    default void onTrainBatchBegin(Run run, Event.BatchBegin event) {}

    /**
     * Called after each training step.
     *
     * @param run the run
     * @param event which batch, and the results so far
     */
    default void onTrainBatchEnd(Run run, Event.BatchEnd event) {}

    /**
     * Called before an evaluation.
     *
     * @param run the run
     * @param event nothing more
     */
    default void onTestBegin(Run run, Event.TestBegin event) {}

    /**
     * Called after an evaluation.
     *
     * @param run the run
     * @param event its results
     */
    default void onTestEnd(Run run, Event.TestEnd event) {}

    /**
     * Called before each batch of an evaluation.
     *
     * @param run the run
     * @param event which batch
     */
    default void onTestBatchBegin(Run run, Event.BatchBegin event) {}

    /**
     * Called after each batch of an evaluation.
     *
     * @param run the run
     * @param event which batch, and the results so far
     */
    default void onTestBatchEnd(Run run, Event.BatchEnd event) {}

    /**
     * Called when something looks wrong, though the run goes on: once for each text of a run, before the event that comes
     * next, whichever that is. The history has all of them at the end.
     *
     * @param run the run
     * @param event what looks wrong, and what to do
     */
    default void onWarning(Run run, Event.Warning event) {}

    /**
     * A callback that acts at the end of each epoch.
     *
     * @param action what to do
     * @return a callback
     */
    static Callback epochEnd(BiConsumer<? super Run, ? super Event.EpochEnd> action) {
        return new Callback() {
            @Override
            public void onEpochEnd(Run run, Event.EpochEnd event) {
                action.accept(run, event);
            }

            @Override
            public String toString() {
                return "Callback.epochEnd";
            }
        };
    }

    /**
     * A callback that acts after each training step.
     *
     * @param action what to do
     * @return a callback
     */
    static Callback trainBatchEnd(BiConsumer<? super Run, ? super Event.BatchEnd> action) {
        return new Callback() {
            @Override
            public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
                action.accept(run, event);
            }

            @Override
            public String toString() {
                return "Callback.trainBatchEnd";
            }
        };
    }

    /** Which way a monitored value should go. */
    public enum Mode {
        /** What the loss or the metric of that name says itself: down for losses and errors, up for accuracies. */
        AUTO,
        /** Lower is better. */
        MIN,
        /** Higher is better. */
        MAX
    }
}
