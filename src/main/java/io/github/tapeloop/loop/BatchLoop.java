package io.github.tapeloop.loop;

import io.github.tapeloop.callback.Event;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.execution.Execution;
import io.github.tapeloop.step.Scores;
import java.util.Iterator;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The loop over batches, for training, validation and evaluation: runs a step on them until they end, a limit is reached, or
 * somebody asks to stop, which is heard after a batch, the first one at the earliest.
 */
public record BatchLoop(
        Execution step,
        Scores scores,
        Consumer<Event.BatchBegin> onBegin,
        Consumer<Event.BatchEnd> onEnd,
        BooleanSupplier stopRequested) {

    /**
     * How much was done.
     *
     * @param stopped whether somebody asked to stop
     */
    public record Totals(long steps, long examples, boolean stopped) {}

    /** Runs the step on batches, at most until so many steps were taken. */
    public Totals run(Iterator<Batch> batches, long limit) {
        long steps = 0;
        long examples = 0;
        boolean stopped = false;
        while (steps < limit && !stopped && batches.hasNext()) {
            try (Batch batch = batches.next()) {
                onBegin.accept(Event.BatchBegin.of(steps));
                steps += step.run(batch, result -> {});
                onEnd.accept(Event.BatchEnd.of(steps - 1, batch.size(), scores::results));
                examples += batch.size();
            }
            stopped = stopRequested.getAsBoolean();
        }
        return new Totals(steps, examples, stopped);
    }
}
