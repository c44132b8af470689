package io.github.tapeloop.callback;

import java.util.LinkedHashMap;
import java.util.Map;

/** The results of an epoch: what {@link Event.EpochEnd} tells. */
abstract class EpochResults extends EventFields {

    private final int epoch;
    private final Map<String, Double> logs;
    private final long steps;
    private final long examples;
    private final double epochSeconds;
    private final double trainSeconds;

    EpochResults(
            int epoch, Map<String, Double> logs, long steps, long examples, double epochSeconds, double trainSeconds) {
        this.epoch = epoch;
        this.logs = logs;
        this.steps = steps;
        this.examples = examples;
        this.epochSeconds = epochSeconds;
        this.trainSeconds = trainSeconds;
    }

    /**
     * Which epoch.
     *
     * @return its number, from 0
     */
    public int epoch() {
        return epoch;
    }

    /**
     * The loss and all metrics, those of the validation with {@code val_} before their names.
     *
     * @return values sorted by name
     */
    public Map<String, Double> logs() {
        return logs;
    }

    /**
     * How many batches it had.
     *
     * @return the number of steps
     */
    public long steps() {
        return steps;
    }

    /**
     * How many examples it had.
     *
     * @return the number of examples
     */
    public long examples() {
        return examples;
    }

    /**
     * How long it took, validation included.
     *
     * @return seconds
     */
    public double epochSeconds() {
        return epochSeconds;
    }

    /**
     * How long its training steps took, callbacks and data included, validation not.
     *
     * @return seconds
     */
    public double trainSeconds() {
        return trainSeconds;
    }

    /**
     * The speed of training.
     *
     * @return examples a second, validation not counted
     */
    public double examplesPerSecond() {
        return trainSeconds > 0 ? examples / trainSeconds : 0;
    }

    @Override
    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("epoch", epoch);
        fields.put("logs", logs);
        fields.put("steps", steps);
        fields.put("examples", examples);
        fields.put("epochSeconds", epochSeconds);
        fields.put("trainSeconds", trainSeconds);
        return fields;
    }
}
