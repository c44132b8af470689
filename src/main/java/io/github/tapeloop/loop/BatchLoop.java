package io.github.tapeloop.loop;

import io.github.tapeloop.callback.Event;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.execution.Execution;
import io.github.tapeloop.step.Scores;
import java.util.Iterator;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The loop over batches, for training, validation and evaluation: runs a step on them until they end, a limit is reached, or
 * somebody asks to stop, which is heard after a batch, the first one at the earliest.
 *
 * @param stopAfter asked after each batch, when all have heard of it, with what was done until then: true to stop
 */
public record BatchLoop(
        Execution step,
        Scores scores,
        Consumer<Event.BatchBegin> onBegin,
        Consumer<Event.BatchEnd> onEnd,
        Predicate<Totals> stopAfter) {

    /** How much was done. */
    public record Totals(long steps, long examples) {

        /** Nothing yet. */
        public static final Totals NONE = new Totals(0, 0);
    }

    /**
     * Runs the step on batches, at most until so many steps were taken.
     *
     * @param before what was done already
     * @return what was done, that included
     */
    public Totals run(Iterator<Batch> batches, long limit, Totals before) {
        Totals done = before;
        boolean stopped = false;
        while (done.steps() < limit && !stopped && batches.hasNext()) {
            try (Batch batch = batches.next()) {
                onBegin.accept(Event.BatchBegin.of(done.steps()));
                int steps = step.run(batch, result -> {});
                onEnd.accept(Event.BatchEnd.of(done.steps() + steps - 1, batch.size(), scores::results));
                done = new Totals(done.steps() + steps, done.examples() + batch.size());
            }
            stopped = stopAfter.test(done);
        }
        return done;
    }
}
