package io.github.tapeloop.callback;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Supplier;

/** What a callback is told. Events are immutable and may be kept. */
public sealed interface Event {

    /**
     * Training is about to begin.
     *
     * @param firstEpoch the first epoch, from 0
     * @param epochs the epoch to end before: with 0 as the first, how many
     * @param steps how many batches an epoch has, or empty if that is not known
     */
    record TrainBegin(int firstEpoch, int epochs, OptionalLong steps) implements Event {}

    /**
     * Training has ended: always told, and once.
     *
     * @param logs those of the last epoch that ended, sorted by name; empty if none did
     * @param stopReason why it ended early, or empty
     * @param failure what made it fail, or empty
     */
    record TrainEnd(Map<String, Double> logs, Optional<String> stopReason, Optional<Throwable> failure)
            implements Event {
        /**
         * Creates an event; the logs are copied.
         *
         * @param logs those of the last epoch
         * @param stopReason why training ended early
         * @param failure what made it fail
         */
        public TrainEnd {
            logs = sorted(logs);
        }
    }

    /**
     * An epoch is about to begin.
     *
     * @param epoch which, from 0
     */
    record EpochBegin(int epoch) implements Event {}

    /**
     * An epoch has ended, validation included.
     *
     * @param epoch which, from 0
     * @param logs the loss and all metrics, those of the validation with {@code val_} before their names, sorted by name
     * @param steps how many batches it had
     * @param examples how many examples it had
     * @param epochSeconds how long it took, validation included
     * @param trainSeconds how long its training steps took, callbacks and data included, validation not
     */
    record EpochEnd(
            int epoch, Map<String, Double> logs, long steps, long examples, double epochSeconds, double trainSeconds)
            implements Event {
        /**
         * Creates an event; the logs are copied.
         *
         * @param epoch which epoch
         * @param logs loss and metrics
         * @param steps how many batches
         * @param examples how many examples
         * @param epochSeconds how long it took
         * @param trainSeconds how long its training steps took
         */
        public EpochEnd {
            logs = sorted(logs);
        }

        /**
         * The speed of training.
         *
         * @return examples a second, validation not counted
         */
        public double examplesPerSecond() {
            return trainSeconds > 0 ? examples / trainSeconds : 0;
        }
    }

    /**
     * A batch is about to be used.
     *
     * @param batch which, from 0 in each epoch or evaluation
     */
    record BatchBegin(long batch) implements Event {}

    /**
     * A batch has been used.
     *
     * @param batch which, from 0 in each epoch or evaluation
     * @param examples how many examples it had
     * @param metrics computes the loss and the metrics from the start of the epoch until now; called during the event only
     */
    record BatchEnd(long batch, int examples, Supplier<Map<String, Double>> metrics) implements Event {

        /**
         * The loss and the metrics from the start of the epoch until now. They are read from TensorFlow when asked for,
         * so a callback that looks at every hundredth batch costs next to nothing.
         *
         * @return values sorted by name; empty in prediction
         */
        public Map<String, Double> logs() {
            return sorted(metrics.get());
        }

        /** Without the metrics, which have not been computed. */
        @Override
        public String toString() {
            return "BatchEnd[batch=" + batch + ", examples=" + examples + "]";
        }
    }

    /** An evaluation is about to begin: the validation of an epoch, or one of its own. */
    record TestBegin() implements Event {}

    /**
     * An evaluation has ended.
     *
     * @param logs the loss and all metrics, without {@code val_}, sorted by name; empty if there was no batch, or the
     *     thread was interrupted before the last
     */
    record TestEnd(Map<String, Double> logs) implements Event {
        /**
         * Creates an event; the logs are copied.
         *
         * @param logs loss and metrics
         */
        public TestEnd {
            logs = sorted(logs);
        }
    }

    private static Map<String, Double> sorted(Map<String, Double> logs) {
        return Collections.unmodifiableMap(new TreeMap<>(logs));
    }
}
