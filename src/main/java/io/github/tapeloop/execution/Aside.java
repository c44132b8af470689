package io.github.tapeloop.execution;

import io.github.tapeloop.state.Snapshot;

/**
 * An evaluation or a prediction in the middle of a run, of which nothing stays: variables get back the values that they had, to
 * the last bit, the sums of the metrics among them and weights that were converted for it, and steps are counted as if it had not been.
 */
public final class Aside implements AutoCloseable {

    private final WeightsInPlace weights;
    private final boolean toTrain;
    private final boolean averages;
    private final Snapshot before;

    Aside(Engine engine) {
        this.weights = engine.weights();
        this.toTrain = weights.areToTrain();
        this.averages = weights.averagesInPlace();
        this.before = engine.state()
                .snapshot(role -> !isOfTheRun(role) && !role.equals(Engine.WEIGHTS)); // Those would be converted.
    }

    /** What callbacks and the loop remember: told of nothing, and changed by others, such as a thread that asks for a stop. */
    private static boolean isOfTheRun(String role) {
        return role.startsWith("callbacks/") || role.startsWith("run/");
    }

    /** Puts everything back. */
    @Override
    public void close() {
        try (before) {
            before.restore();
            weights.areBack(toTrain, averages);
        }
    }
}
