package io.github.tapeloop.callback;

import io.github.tapeloop.layer.Model;
import io.github.tapeloop.state.Snapshot;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.proto.GraphDef;

/** A run of {@code fit} as a callback sees it: the few things that may flow back into the loop. */
public interface Run {

    /**
     * Asks the loop to stop at the end of the batch. It still validates, ends the epoch and returns its history, in which
     * the first reason given is found.
     *
     * @param reason why, for people to read
     * @throws NullPointerException if the reason is null
     */
    void stop(String reason);

    /**
     * Why the run is about to stop.
     *
     * @return the first reason given to {@link #stop}, or empty if nobody asked
     */
    Optional<String> stopReason();

    /**
     * The model being trained.
     *
     * @return the model
     */
    Model model();

    /**
     * Whether there is a learning rate to ask for: custom steps can bring optimizers that the trainer does not know.
     *
     * @return true if the trainer has an optimizer
     */
    boolean hasLearningRate();

    /**
     * The optimizer's learning rate for the next step.
     *
     * @return the rate
     * @throws IllegalStateException if there is none
     */
    double learningRate();

    /**
     * Sets the learning rate from the next step on.
     *
     * @param learningRate at least 0
     * @throws IllegalStateException if there is none, or the optimizer follows a schedule
     */
    void setLearningRate(double learningRate);

    /**
     * Puts the moving averages of the weights in place of the weights, or the weights back. An epoch of training puts the
     * weights back before it begins; at its end {@code fit} puts the averages in place for good.
     *
     * @param inPlace true for the averages; nothing changes if they are in place already
     * @throws IllegalStateException if the optimizer keeps no averages
     */
    void useAverages(boolean inPlace);

    /**
     * Whether the moving averages of the weights are in place of the weights.
     *
     * @return true between {@link #useAverages useAverages(true)} and {@code useAverages(false)}
     */
    boolean averagesInPlace();

    /**
     * Keeps the weights as they are now, and the averages and the like that optimizers keep beside them, to go back to when
     * training ends. Nothing else is kept: no moment, no count, no learning rate; {@link #snapshot} has all.
     *
     * @param averages whether to go back to the moving averages, if there are any, for good, as {@code fit} does at its end
     * @return what puts them in place, to be closed by the caller
     */
    Snapshot weights(boolean averages);

    /**
     * How many training steps the trainer has taken in its life, over all runs.
     *
     * @return the number of steps
     */
    long steps();

    /**
     * How long this run has lasted, in all processes that it went on in, without the time in which it was paused or no process had it.
     *
     * @return seconds since the run began
     */
    double seconds();

    /**
     * Which way a logged value should go.
     *
     * @param name {@code loss} or a metric's name, with or without {@code val_} before it
     * @return true if higher is better, as for an accuracy, false if lower is; empty if
     *     nothing has that name, or it has no better and worse
     */
    Optional<Boolean> higherIsBetter(String name);

    /**
     * The state of model and optimizer now, those variables included that are made later: what undoes training steps. For
     * the weights alone there is {@link #weights}.
     *
     * @return a snapshot, to be closed by the caller
     */
    Snapshot snapshot();

    /**
     * Saves the trainer's state, of which {@code Trainer.load} takes over.
     *
     * @param directory where to; made if need be. What was saved there before is replaced when this is on the disk
     * @param weightsOnly whether to save the model's weights alone
     * @throws io.github.tapeloop.state.CheckpointException if it cannot be written
     */
    void save(Path directory, boolean weightsOnly);

    /**
     * The graphs of the steps that were compiled since a callback first asked, best in {@code onTrainBegin}: {@code
     * train_step}, {@code test_step}, {@code predict_step}; of several steps in one call {@code train_steps}, whose loop
     * runs {@code train_steps_round}.
     *
     * @return a view by name, empty if no step is compiled
     */
    Map<String, GraphDef> graphs();
}
