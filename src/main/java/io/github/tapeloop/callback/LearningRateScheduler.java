package io.github.tapeloop.callback;

import java.util.Map;
import java.util.Objects;

/**
 * Sets the learning rate at the beginning of each epoch, and adds {@code learning_rate} to the logs.
 *
 * <pre>{@code
 * new LearningRateScheduler((epoch, rate) -> epoch < 10 ? rate : rate * Math.exp(-0.1))
 * }</pre>
 *
 * <p>The optimizer must not follow a schedule of its own: then the run fails before its first step. For a rate that changes from step to step, give the optimizer a
 * schedule instead.
 */
public final class LearningRateScheduler implements Callback {

    /** What the rate is called in logs. */
    public static final String LOG_NAME = "learning_rate";

    private final EpochSchedule schedule;

    /** The learning rate of each epoch. */
    @FunctionalInterface
    public interface EpochSchedule {

        /**
         * Computes a rate.
         *
         * @param epoch which, from 0
         * @param learningRate the rate now
         * @return the rate of this epoch, at least 0
         */
        double learningRate(int epoch, double learningRate);
    }

    /**
     * Follows a schedule.
     *
     * @param schedule gives the rate of each epoch
     */
    public LearningRateScheduler(EpochSchedule schedule) {
        this.schedule = Objects.requireNonNull(schedule, "schedule");
    }

    /** Refuses, before the first step, a run whose learning rate cannot be set. */
    static void requireSettable(Run run) {
        run.setLearningRate(run.learningRate());
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        requireSettable(run);
    }

    @Override
    public void onEpochBegin(Run run, Event.EpochBegin event) {
        run.setLearningRate(schedule.learningRate(event.epoch(), run.learningRate()));
    }

    @Override
    public Map<String, Double> epochLogs(Run run, int epoch) {
        return Map.of(LOG_NAME, run.learningRate());
    }

    @Override
    public String toString() {
        return "LearningRateScheduler";
    }
}
