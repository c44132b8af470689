package io.github.tapeloop.callback;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What a callback is told. Events are immutable and may be kept; of a {@link BatchEnd} the logs are to be asked for while it
 * is told.
 */
public sealed interface Event {

    /** Training is about to begin. */
    final class TrainBegin extends EventFields implements Event {

        private final int firstEpoch;
        private final int epochs;
        private final OptionalLong steps;
        private final boolean resumed;

        private TrainBegin(int firstEpoch, int epochs, OptionalLong steps, boolean resumed) {
            this.firstEpoch = firstEpoch;
            this.epochs = epochs;
            this.steps = Objects.requireNonNull(steps, "steps");
            this.resumed = resumed;
        }

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @param firstEpoch from 0
         * @param epochs the epoch to end before
         * @param steps how many batches an epoch has, or empty
         * @return an event
         */
        public static TrainBegin of(int firstEpoch, int epochs, OptionalLong steps) {
            return new TrainBegin(firstEpoch, epochs, steps, false);
        }

        /**
         * An event of a run that goes on where another process was, for tests of callbacks.
         *
         * @param firstEpoch the epoch that it goes on in or begins with, from 0
         * @param epochs the epoch to end before
         * @param steps how many batches an epoch has, or empty
         * @return an event
         */
        public static TrainBegin resumed(int firstEpoch, int epochs, OptionalLong steps) {
            return new TrainBegin(firstEpoch, epochs, steps, true);
        }

        /**
         * Whether the run goes on from a checkpoint. What a callback remembered it has been given back by {@link
         * Callback#loadState} then and must not reset; of an epoch that was open it does not hear the beginning once more.
         *
         * @return true if it does
         */
        public boolean isResumed() {
            return resumed;
        }

        /**
         * The first epoch: of a run that goes on from a checkpoint the one that was open, or came next.
         *
         * @return its number, from 0
         */
        public int firstEpoch() {
            return firstEpoch;
        }

        /**
         * The epoch to end before: with 0 as the first, how many.
         *
         * @return the number of epochs
         */
        public int epochs() {
            return epochs;
        }

        /**
         * How many batches an epoch has.
         *
         * @return the number of steps, or empty if that is not known
         */
        public OptionalLong steps() {
            return steps;
        }

        @Override
        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("firstEpoch", firstEpoch);
            fields.put("epochs", epochs);
            fields.put("steps", steps);
            fields.put("resumed", resumed);
            return fields;
        }
    }

    /** Training has ended: always told, and once. */
    final class TrainEnd extends EventFields implements Event {

        private final Map<String, Double> logs;
        private final Optional<String> stopReason;
        private final Optional<Throwable> failure;

        private TrainEnd(Map<String, Double> logs, Optional<String> stopReason, Optional<Throwable> failure) {
            this.logs = sorted(logs);
            this.stopReason = Objects.requireNonNull(stopReason, "stopReason");
            this.failure = Objects.requireNonNull(failure, "failure");
        }

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @param logs those of the last epoch, copied
         * @param stopReason why training ended early, or empty
         * @param failure what made it fail, or empty
         * @return an event
         */
        public static TrainEnd of(Map<String, Double> logs, Optional<String> stopReason, Optional<Throwable> failure) {
            return new TrainEnd(logs, stopReason, failure);
        }

        /**
         * The logs of the last epoch that ended.
         *
         * @return values sorted by name; empty if no epoch ended
         */
        public Map<String, Double> logs() {
            return logs;
        }

        /**
         * Why training ended early.
         *
         * @return the reason, or empty
         */
        public Optional<String> stopReason() {
            return stopReason;
        }

        /**
         * What made training fail.
         *
         * @return what was thrown, or empty
         */
        public Optional<Throwable> failure() {
            return failure;
        }

        @Override
        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("logs", logs);
            fields.put("stopReason", stopReason);
            fields.put("failure", failure);
            return fields;
        }
    }

    /** An epoch is about to begin. */
    final class EpochBegin extends EventFields implements Event {

        private final int epoch;

        private EpochBegin(int epoch) {
            this.epoch = epoch;
        }

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @param epoch which, from 0
         * @return an event
         */
        public static EpochBegin of(int epoch) {
            return new EpochBegin(epoch);
        }

        /**
         * Which epoch.
         *
         * @return its number, from 0
         */
        public int epoch() {
            return epoch;
        }

        @Override
        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("epoch", epoch);
            return fields;
        }
    }

    /** An epoch has ended, validation included. */
    final class EpochEnd extends EpochResults implements Event {

        private EpochEnd(
                int epoch,
                Map<String, Double> logs,
                long steps,
                long examples,
                double epochSeconds,
                double trainSeconds) {
            super(epoch, sorted(logs), steps, examples, epochSeconds, trainSeconds);
        }

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @param epoch which, from 0
         * @param logs loss and metrics, copied
         * @param steps how many batches
         * @param examples how many examples
         * @param epochSeconds how long it took
         * @param trainSeconds how long its training steps took
         * @return an event
         */
        public static EpochEnd of(
                int epoch,
                Map<String, Double> logs,
                long steps,
                long examples,
                double epochSeconds,
                double trainSeconds) {
            return new EpochEnd(epoch, logs, steps, examples, epochSeconds, trainSeconds);
        }
    }

    /** A batch is about to be used. */
    final class BatchBegin extends EventFields implements Event {

        private final long batch;

        private BatchBegin(long batch) {
            this.batch = batch;
        }

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @param batch which, from 0
         * @return an event
         */
        public static BatchBegin of(long batch) {
            return new BatchBegin(batch);
        }

        /**
         * Which batch.
         *
         * @return its number, from 0 in each epoch or evaluation
         */
        public long batch() {
            return batch;
        }

        @Override
        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("batch", batch);
            return fields;
        }
    }

    /** A batch has been used. Equal to itself only. */
    final class BatchEnd implements Event {

        private final long batch;
        private final int examples;
        private final Supplier<Map<String, Double>> metrics;
        private Map<String, Double> logs;
        private int listeners;
        private boolean over;

        private BatchEnd(long batch, int examples, Supplier<Map<String, Double>> metrics) {
            this.batch = batch;
            this.examples = examples;
            this.metrics = Objects.requireNonNull(metrics, "metrics");
        }

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @param batch which, from 0
         * @param examples how many examples it had
         * @param metrics computes the loss and the metrics; called once, when they are first asked for, or never
         * @return an event
         */
        public static BatchEnd of(long batch, int examples, Supplier<Map<String, Double>> metrics) {
            return new BatchEnd(batch, examples, metrics);
        }

        /**
         * Which batch.
         *
         * @return its number, from 0 in each epoch or evaluation
         */
        public long batch() {
            return batch;
        }

        /**
         * How many examples the batch had.
         *
         * @return the number of examples
         */
        public int examples() {
            return examples;
        }

        /**
         * The loss and the metrics from the start of the epoch until now. They are read from TensorFlow when first asked for,
         * so a callback that looks at every hundredth batch costs next to nothing; an event that is kept has them if somebody
         * asked while it was told.
         *
         * @return values sorted by name; empty in prediction
         * @throws IllegalStateException if nobody asked while the event was told: the metrics have gone on since
         */
        public Map<String, Double> logs() {
            if (logs == null) {
                if (over) {
                    throw new IllegalStateException(
                            "The logs of batch " + batch + " were not asked for while its event was told, and the"
                                    + " metrics have gone on since: call logs() inside the"
                                    + " callback's method");
                }
                logs = sorted(metrics.get());
            }
            return logs;
        }

        /**
         * Tells callbacks: when all are told, logs cannot be computed any more.
         *
         * @param callbacks tells each of them of this event
         */
        public void tell(Runnable callbacks) {
            listeners++;
            try {
                callbacks.run();
            } finally {
                listeners--;
                over = listeners == 0; // A list of callbacks can be in another.
            }
        }

        /** Without the logs, which may not have been computed. */
        @Override
        public String toString() {
            return "BatchEnd[batch=" + batch + ", examples=" + examples + "]";
        }
    }

    /** An evaluation is about to begin: the validation of an epoch, or one of its own. */
    final class TestBegin extends EventFields implements Event {

        private TestBegin() {}

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @return an event
         */
        public static TestBegin of() {
            return new TestBegin();
        }

        @Override
        Map<String, Object> fields() {
            return Map.of();
        }
    }

    /** An evaluation has ended. */
    final class TestEnd extends EventFields implements Event {

        private final Map<String, Double> logs;

        private TestEnd(Map<String, Double> logs) {
            this.logs = sorted(logs);
        }

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @param logs loss and metrics, copied
         * @return an event
         */
        public static TestEnd of(Map<String, Double> logs) {
            return new TestEnd(logs);
        }

        /**
         * The loss and all metrics, without {@code val_}.
         *
         * @return values sorted by name; empty if there was no batch, or the thread was interrupted before the last
         */
        public Map<String, Double> logs() {
            return logs;
        }

        @Override
        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("logs", logs);
            return fields;
        }
    }

    /** Something looks wrong, though the run goes on. */
    final class Warning extends EventFields implements Event {

        private final String text;

        private Warning(String text) {
            this.text = Objects.requireNonNull(text, "text");
        }

        /**
         * An event as the loop makes it, for tests of callbacks.
         *
         * @param text what looks wrong
         * @return an event
         */
        public static Warning of(String text) {
            return new Warning(text);
        }

        /**
         * What looks wrong.
         *
         * @return where, what was expected and what came, and what to do
         */
        public String text() {
            return text;
        }

        @Override
        Map<String, Object> fields() {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("text", text);
            return fields;
        }
    }

    private static Map<String, Double> sorted(Map<String, Double> logs) {
        return Collections.unmodifiableMap(new TreeMap<>(logs));
    }
}
