package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Require;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;

/** A value in the logs of each epoch that a callback watches, and what counts as better. */
final class Monitor {

    private final String owner;
    private final String name;
    private Callback.Mode mode = Callback.Mode.AUTO;
    private double minDelta;

    /** @param owner the callback's name, for messages */
    Monitor(String owner, String name, double minDelta) {
        this.owner = owner;
        this.name = Objects.requireNonNull(name, "monitor");
        this.minDelta = minDelta;
    }

    void mode(Callback.Mode value) {
        this.mode = Objects.requireNonNull(value, "mode");
    }

    Callback.Mode mode() {
        return mode;
    }

    /** Sets how much better a value must be; its sign does not matter. */
    void minDelta(double value) {
        this.minDelta = Math.abs(Require.finite("minDelta", value));
    }

    String name() {
        return name;
    }

    /** Whether a validation measures it. */
    boolean isOfValidation() {
        return name.startsWith("val_");
    }

    /** The value in the logs; empty in an epoch without validation, if that measures it. */
    OptionalDouble value(Map<String, Double> logs) {
        Double value = logs.get(name);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    /** A value that any other one is better than. */
    double worst(Run run) {
        return higherIsBetter(run) ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }

    /** Whether a value is better than another by more than minDelta. */
    boolean isBetter(Run run, double value, double than) {
        return higherIsBetter(run) ? value - minDelta > than : value + minDelta < than;
    }

    private boolean higherIsBetter(Run run) {
        return switch (mode) {
            case MIN -> false;
            case MAX -> true;
            case AUTO ->
                run.higherIsBetter(name)
                        .orElseThrow(() -> new IllegalArgumentException(owner + " cannot tell whether '" + name
                                + "' should go up or down, since it is neither the loss nor a metric: set mode(Callback.Mode.MIN) or"
                                + " mode(Callback.Mode.MAX)"));
        };
    }
}
