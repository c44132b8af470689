package io.github.tapeloop;

import io.github.tapeloop.callback.Event;
import io.github.tapeloop.data.Batch;
import java.util.Iterator;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Runs a step on batches until they end, a limit is reached, or somebody asks to stop, which is heard after a batch, the
 * first one at the earliest: the one loop over batches, for training, validation and evaluation.
 */
record BatchLoop(
        StepFunction step,
        Scores scores,
        Consumer<Event.BatchBegin> onBegin,
        Consumer<Event.BatchEnd> onEnd,
        BooleanSupplier stopRequested) {

    /**
     * How much was done.
     *
     * @param stopped whether somebody asked to stop
     */
    record Totals(long steps, long examples, boolean stopped) {}

    Totals run(Iterator<Batch> batches, long limit) {
        long steps = 0;
        long examples = 0;
        boolean stopped = false;
        while (steps < limit && !stopped && batches.hasNext()) {
            try (Batch batch = batches.next()) {
                onBegin.accept(new Event.BatchBegin(steps));
                steps += step.run(batch, result -> {});
                onEnd.accept(new Event.BatchEnd(steps - 1, batch.size(), scores::results));
                examples += batch.size();
            }
            stopped = stopRequested.getAsBoolean();
        }
        return new Totals(steps, examples, stopped);
    }
}
