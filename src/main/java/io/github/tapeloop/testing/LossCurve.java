package io.github.tapeloop.testing;

import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Batch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The values of one name, epoch by epoch, and what a test can assert of them.
 *
 * <pre>{@code
 * LossCurve.of(trainer.fit(data, Fit.epochs(5))).decreases().endsBelow(0.1);
 * }</pre>
 *
 * <p>Each assertion returns the curve, or throws an {@link AssertionError} that shows all its values.
 */
public final class LossCurve {

    private final String name;
    private final double[] values;

    private LossCurve(String name, double[] values) {
        this.name = name;
        this.values = values;
        if (values.length == 0) {
            throw new IllegalArgumentException("The curve '" + name + "' has no values");
        }
    }

    /**
     * The training loss of a run.
     *
     * @param history what {@code fit} returned
     * @return its {@code loss}
     * @throws IllegalArgumentException if no epoch ended
     */
    public static LossCurve of(History history) {
        return of(history, "loss");
    }

    /**
     * A curve of a run.
     *
     * @param history what {@code fit} returned
     * @param name {@code val_loss} or {@code accuracy}, for example
     * @return its values, epoch by epoch
     * @throws IllegalArgumentException if nothing of that name was measured
     */
    public static LossCurve of(History history, String name) {
        return new LossCurve(name, doubles(history.values(name)));
    }

    /**
     * A curve of a loop of one's own.
     *
     * @param name its name, for messages
     * @param values at least one
     * @return the curve
     */
    public static LossCurve of(String name, List<Double> values) {
        return new LossCurve(name, doubles(values));
    }

    private static double[] doubles(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /**
     * Asserts that every value is below the one before.
     *
     * @return this
     */
    public LossCurve decreases() {
        return decreases(0);
    }

    /**
     * Asserts that the last value is below the first and no value is above the one before by as much as a tolerance.
     *
     * @param tolerance how much a value may rise, in the curve's unit, at least 0; with 0 it must fall
     * @return this
     */
    public LossCurve decreases(double tolerance) {
        if (!(tolerance >= 0)) {
            throw new IllegalArgumentException("Expected a tolerance of at least 0, got " + tolerance);
        }
        for (int i = 1; i < values.length; i++) {
            boolean falls = values[i] < values[i - 1] + tolerance;
            if (!falls) {
                throw failure("must fall by each epoch"
                        + (tolerance > 0 ? " but for rises below " + tolerance : "")
                        + ", but goes from " + values[i - 1] + " to " + values[i] + " in epoch " + (i + 1));
            }
        }
        if (!(values[values.length - 1] < values[0])) {
            throw failure("must end below its first value");
        }
        return this;
    }

    /**
     * Asserts that the last value is below a limit.
     *
     * @param limit what to stay below
     * @return this
     */
    public LossCurve endsBelow(double limit) {
        if (!(values[values.length - 1] < limit)) {
            throw failure("must end below " + limit);
        }
        return this;
    }

    /**
     * Asserts that the last value is above a limit: for accuracies.
     *
     * @param limit what to exceed
     * @return this
     */
    public LossCurve endsAbove(double limit) {
        if (!(values[values.length - 1] > limit)) {
            throw failure("must end above " + limit);
        }
        return this;
    }

    /**
     * Asserts that the curve is as expected.
     *
     * @param expected a value for each epoch
     * @param tolerance how much a value may differ, as a part of the expected one: 1e-6 allows for another processor; 0 for
     *     the same bits
     * @return this
     */
    public LossCurve isCloseTo(double[] expected, double tolerance) {
        requireClose(expected, tolerance, "the expected values");
        return this;
    }

    private void requireClose(double[] expected, double tolerance, String what) {
        if (!(tolerance >= 0)) {
            throw new IllegalArgumentException("Expected a tolerance of at least 0, got " + tolerance);
        }
        if (expected.length != values.length) {
            throw failure("must have " + expected.length + " epochs like " + what + ", " + text(expected) + ", but has "
                    + values.length);
        }
        for (int i = 0; i < values.length; i++) {
            boolean same = Double.compare(values[i], expected[i]) == 0;
            if (!same && !(Math.abs(values[i] - expected[i]) <= tolerance * Math.abs(expected[i]))) {
                throw failure("must be within " + tolerance + " (relative) of " + what + ", but in epoch " + (i + 1)
                        + " it is " + values[i] + " instead of " + expected[i] + "; all of them: " + text(expected));
            }
        }
    }

    /**
     * Asserts that the curve is the one in a file, which is under version control beside the test. Run the tests with
     * {@code -Dtapeloop.golden.update=true} to write the file instead.
     *
     * @param file its path: a line of text for each epoch
     * @param tolerance how much a value may differ, as a part of the one in the file
     * @return this
     */
    public LossCurve matchesGolden(Path file, double tolerance) {
        if (GoldenFile.isUpdating()) {
            GoldenFile.write(file, name, values);
            return this;
        }
        requireClose(GoldenFile.read(file), tolerance, "the golden curve in " + file);
        return this;
    }

    private AssertionError failure(String claim) {
        return new AssertionError("The curve '" + name + "' " + claim + ". It is " + text(values));
    }

    private static String text(double[] values) {
        return Arrays.toString(Arrays.stream(values)
                .mapToObj(v -> String.format(Locale.ROOT, "%.7g", v))
                .toArray());
    }

    @Override
    public String toString() {
        return name + " " + text(values);
    }

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
                return of("loss", losses);
            }
        }
        throw new AssertionError("The model must learn one batch by heart, to a loss below " + limit + ", but after "
                + steps + " steps it is " + losses.get(steps - 1) + "; at first it was " + losses.get(0)
                + ". Do gradients reach all weights, is the learning rate right?");
    }
}
