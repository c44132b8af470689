package io.github.tapeloop.testing;

import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Assertions on how a model trains that take more than one curve or make their own. */
public final class LossCurves {

    private LossCurves() {}

    /**
     * Asserts that training is reproducible: two runs give the same values of every name in every epoch, bit for bit.
     *
     * @param fit trains a new model, with a trainer made anew each time, and returns its history
     * @return the history of the first run
     * @throws AssertionError if a value differs
     */
    public static History isReproducible(Supplier<History> fit) {
        History first = fit.get();
        History second = fit.get();
        if (!first.names().equals(second.names())) {
            throw new AssertionError("The second run measured " + second.names() + ", the first " + first.names());
        }
        for (String name : first.names()) {
            List<Double> expected = first.values(name);
            List<Double> actual = second.values(name);
            if (!expected.equals(actual)) {
                throw new AssertionError("Two runs differ in '" + name + "': first " + expected + ", then " + actual
                        + ". Is the seed set, does the data come in the same order, are all parts made anew?");
            }
        }
        return first;
    }

    /**
     * Asserts that a model can learn one batch by heart, which shows that gradients reach its weights.
     *
     * @param trainer a trainer, which this trains
     * @param batch the batch; stays the caller's
     * @param steps how many steps it may take, at least 1
     * @param limit what the loss must fall below
     * @return the losses of the steps, up to the first below the limit
     * @throws IllegalArgumentException if the trainer's own step logs no {@code loss}
     * @throws AssertionError if the loss stays at or above the limit
     */
    public static LossCurve overfits(Trainer trainer, Batch batch, int steps, double limit) {
        if (steps < 1) {
            throw new IllegalArgumentException("Expected at least 1 step, got " + steps);
        }
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            Map<String, Double> scores = trainer.trainOnBatch(batch);
            Double loss = scores.get("loss");
            if (loss == null) {
                throw new IllegalArgumentException(
                        "The trainer's step logs " + scores.keySet() + ": let it log what must fall as 'loss'");
            }
            losses.add(loss);
            if (loss < limit) {
                return LossCurve.of("loss", losses);
            }
        }
        throw new AssertionError("The model must learn one batch by heart, to a loss below " + limit + ", but after "
                + steps + " steps it is " + losses.get(steps - 1) + "; at first it was " + losses.get(0)
                + ". Do gradients reach all weights, is the learning rate right?");
    }
}
