package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Tries out learning rates (Smith 2015, "Cyclical Learning Rates for Training Neural Networks"): raises the rate from
 * batch to batch, from {@code from} to {@code to} in equal ratios, and records the loss of each batch. Then it stops the
 * run and puts everything back to where it was, model, optimizer and learning rate, counts of steps, random numbers and
 * the order of the data, so that training can begin as if nothing had been tried. Steps are taken one by one, also where the
 * trainer takes several in one call.
 *
 * <pre>{@code
 * LearningRateFinder finder = new LearningRateFinder();
 * trainer.fit(train, Fit.epochs(10).callbacks(finder));
 * double rate = finder.suggestion();
 * }</pre>
 *
 * <p>The run ends earlier if the loss is no longer finite, or its smoothed value is four times the best one. Give it
 * enough epochs for all batches. The optimizer must not follow a schedule.
 */
public final class LearningRateFinder implements Callback {

    private static final double SMOOTHING = 0.98;
    private static final double DIVERGED = 4;
    private static final int SKIPPED_AT_START = 10;
    private static final int FEWEST = 3;

    private final double from;
    private final double to;
    private final int batches;

    private final List<Trial> trials = new ArrayList<>();
    private Snapshot before;
    private double rateBefore;
    private double smoothed;
    private double best;
    private double epochTotal;
    private long epochExamples;

    /**
     * One batch with one learning rate.
     *
     * @param learningRate the rate
     * @param loss the mean loss of the batch's examples
     * @param smoothedLoss the moving average of the losses so far, as far as the weight of the past is corrected for the
     *     start: Σ 0.98^(n-i) lossᵢ / Σ 0.98^(n-i)
     */
    public record Trial(double learningRate, double loss, double smoothedLoss) {}

    /** Tries 100 rates from 1e-7 to 10. */
    public LearningRateFinder() {
        this(1e-7, 10, 100);
    }

    /**
     * Tries rates.
     *
     * @param from the first, above 0
     * @param to the last, above {@code from}
     * @param batches how many, at least 3
     */
    public LearningRateFinder(double from, double to, int batches) {
        this.from = Require.positive("from", from);
        this.to = Require.positive("to", to);
        this.batches = Require.atLeast(FEWEST, "batches", batches);
        if (to <= from) {
            throw new IllegalArgumentException("Expected to above from = " + from + ", got " + to);
        }
    }

    /** A rate is tried with one batch. */
    @Override
    public boolean followsEachStep() {
        return true;
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        trials.clear();
        smoothed = 0;
        best = Double.POSITIVE_INFINITY;
        rateBefore = run.learningRate();
        LearningRateScheduler.requireSettable(run);
        before = run.snapshot();
    }

    @Override
    public void onEpochBegin(Run run, Event.EpochBegin event) {
        epochTotal = 0;
        epochExamples = 0;
    }

    @Override
    public void onTrainBatchBegin(Run run, Event.BatchBegin event) {
        run.setLearningRate(rate(trials.size()));
    }

    private double rate(int trial) {
        return from * Math.pow(to / from, trial / (batches - 1.0));
    }

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        double loss = lossOf(event);
        int count = trials.size() + 1;
        smoothed = SMOOTHING * smoothed + (1 - SMOOTHING) * loss;
        double corrected = smoothed / (1 - Math.pow(SMOOTHING, count));
        if (!Double.isFinite(loss) || count > 1 && corrected > DIVERGED * best) {
            run.stop("the loss grew without bound at a learning rate of " + rate(trials.size()));
            return;
        }
        trials.add(new Trial(rate(trials.size()), loss, corrected));
        best = Math.min(best, corrected);
        if (count == batches) {
            run.stop("all learning rates were tried");
        }
    }

    /** The batch's own loss: logs hold the mean from the start of the epoch. */
    private double lossOf(Event.BatchEnd event) {
        double totalBefore = epochTotal;
        epochExamples += event.examples();
        epochTotal = loss(event.logs()) * epochExamples;
        return (epochTotal - totalBefore) / event.examples();
    }

    private static double loss(Map<String, Double> logs) {
        Double loss = logs.get("loss");
        if (loss == null) {
            throw new IllegalStateException("LearningRateFinder needs 'loss' in the logs; there are " + logs.keySet());
        }
        return loss;
    }

    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        if (before == null) {
            return; // onTrainBegin failed.
        }
        try (Snapshot start = before) {
            before = null;
            start.restore();
            run.setLearningRate(rateBefore);
        }
    }

    /**
     * What was tried.
     *
     * @return a trial for each batch, rates rising
     */
    public List<Trial> trials() {
        return List.copyOf(trials);
    }

    /**
     * A rate to train with: where the smoothed loss falls most steeply over the logarithm of the rate, by central
     * differences. The first 10 trials are left out if there are more than 20.
     *
     * @return a learning rate
     * @throws IllegalStateException if fewer than 3 rates were tried
     */
    public double suggestion() {
        if (trials.size() < FEWEST) {
            throw new IllegalStateException("A suggestion needs " + FEWEST + " trials, but there are " + trials.size()
                    + ": run fit with this callback first, on more batches");
        }
        int first = trials.size() > 2 * SKIPPED_AT_START ? SKIPPED_AT_START : 0;
        int steepest = first + 1;
        for (int i = first + 1; i < trials.size() - 1; i++) {
            if (slope(i) < slope(steepest)) {
                steepest = i;
            }
        }
        return trials.get(steepest).learningRate();
    }

    /** Rates rise in equal ratios, so the distance between two neighbours is the same everywhere. */
    private double slope(int i) {
        return trials.get(i + 1).smoothedLoss() - trials.get(i - 1).smoothedLoss();
    }

    /** What came out. */
    @Override
    public String toString() {
        return "LearningRateFinder: "
                + (trials.size() < FEWEST
                        ? trials.size() + " trials"
                        : "learning rate " + suggestion() + " by " + trials.size() + " trials from " + from + " to "
                                + trials.get(trials.size() - 1).learningRate());
    }
}
