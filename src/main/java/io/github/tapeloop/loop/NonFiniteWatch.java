package io.github.tapeloop.loop;

import io.github.tapeloop.NonFinite;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.step.Guard;
import io.github.tapeloop.warning.Warnings;
import java.util.Optional;

/** The watch over steps of a run that are not finite: skips them, goes back to the last good epoch, or stops. */
final class NonFiniteWatch {

    /** How often the run goes back to one state before it stops: it would not get any further. */
    private static final int MOST_TIMES = 3;

    private final Engine engine;
    private final FitRun run;
    private final Optional<NonFinite> policy;
    private Guard.Counts atStart = new Guard.Counts(0, 0, 0);
    private long skippedAtEpochStart;
    private long skippedByScales;
    private Snapshot lastGood;
    private String lastGoodName = "the start of the run";
    private int timesBack;
    private long rollbacks;

    NonFiniteWatch(Engine engine, FitRun run, Optional<NonFinite> policy) {
        this.engine = engine;
        this.run = run;
        this.policy = policy;
    }

    /**
     * What was counted in a run.
     *
     * @param skipped steps that changed nothing
     * @param byLossScale steps that a loss scale skipped
     * @param rollbacks how often the run went back
     */
    record Counts(long skipped, long byLossScale, long rollbacks) {}

    void begin() {
        policy.ifPresent(chosen -> {
            engine.guard().limit(chosen.limit());
            engine.guard().forgive();
            if (chosen.rollsBack()) {
                lastGood = engine.state().snapshot();
            }
        });
        atStart = engine.guard().counts();
        skippedAtEpochStart = atStart.skipped();
        skippedByScales = byScales();
    }

    /** After an execution of steps: true if the run is to stop. */
    boolean stepEnds() {
        if (policy.isEmpty() || policy.get().limit() == Long.MAX_VALUE) {
            return false;
        }
        Guard.Counts now = engine.guard().counts();
        if (now.inARow() < policy.get().limit()) {
            return false;
        }
        if (policy.get().stops()) {
            run.stop("the loss or a gradient was not finite in step "
                    + engine.progress().steps() + "; nothing has changed in it");
            return true;
        }
        return goBack();
    }

    private boolean goBack() {
        timesBack++;
        rollbacks++;
        lastGood.restore();
        engine.trainScores().reset(); // They are those of an epoch that has ended.
        engine.guard().forgive();
        Warnings.warn(
                NonFiniteWatch.class, "Losses or gradients were not finite: the run goes back to " + lastGoodName);
        if (timesBack == MOST_TIMES) {
            run.stop("losses or gradients were not finite again and again: the run went back to " + lastGoodName + " "
                    + MOST_TIMES + " times");
        }
        return timesBack == MOST_TIMES;
    }

    /** At the end of an epoch, when everybody has heard of it: a good one is what to go back to from now on. */
    void epochEnds(int epoch) {
        if (lastGood == null) {
            return;
        }
        long skipped = engine.guard().counts().skipped();
        if (skipped == skippedAtEpochStart) {
            lastGood.close();
            lastGood = engine.state().snapshot();
            lastGoodName = "the end of epoch " + (epoch + 1);
            timesBack = 0;
        }
        skippedAtEpochStart = skipped;
    }

    /** What was counted since the run began. */
    Counts counts() {
        Guard.Counts now = engine.guard().counts();
        long byLossScale =
                policy.isPresent() ? now.byLossScale() - atStart.byLossScale() : byScales() - skippedByScales;
        return new Counts(now.skipped() - atStart.skipped(), byLossScale, rollbacks);
    }

    /** What the loss scales of all optimizers have skipped, where no guard looks first. */
    private long byScales() {
        return engine.optimizers().stream()
                .flatMap(optimizer -> optimizer.lossScale().stream())
                .mapToLong(LossScale::skipped)
                .sum();
    }

    void end() {
        if (lastGood != null) {
            lastGood.close();
            lastGood = null;
        }
        engine.guard().limit(0);
    }
}
