package io.github.tapeloop.loop;

import io.github.tapeloop.NonFinite;
import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.step.Guard;
import io.github.tapeloop.warning.Warnings;
import java.util.Optional;

/** The watch over steps of a run that are not finite: skips them, goes back to the last good epoch, or stops. */
final class NonFiniteWatch implements ValueState {

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

    /** After an execution of steps: stops the run, or goes back, if it is time to. */
    void stepEnds() {
        if (policy.isEmpty() || policy.get().limit() == Long.MAX_VALUE) {
            return;
        }
        Guard.Counts now = engine.guard().counts();
        if (now.inARow() < policy.get().limit()) {
            return;
        }
        if (policy.get().stops()) {
            run.stop("the loss or a gradient was not finite in step "
                    + engine.progress().steps() + "; nothing has changed in it");
        } else {
            goBack();
        }
    }

    private void goBack() {
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

    @Override
    public void saveState(Writer out) {
        Guard.Counts now = engine.guard().counts();
        out.put("counts", new double[] {now.skipped(), now.byLossScale(), now.inARow()});
        out.put("counts_at_start", new double[] {atStart.skipped(), atStart.byLossScale(), atStart.inARow()});
        out.put("skipped_at_epoch_start", skippedAtEpochStart);
        out.put("skipped_by_scales_at_start", skippedByScales);
        out.put("last_good", lastGoodName);
        out.put("times_back", (long) timesBack);
        out.put("rollbacks", rollbacks);
        if (lastGood != null) {
            out.put("last_good_state", lastGood);
        }
    }

    @Override
    public void loadState(Reader in) {
        engine.guard().count(counts(in.getDoubles("counts")));
        atStart = counts(in.getDoubles("counts_at_start"));
        skippedAtEpochStart = in.getLong("skipped_at_epoch_start");
        skippedByScales = in.getLong("skipped_by_scales_at_start");
        lastGoodName = in.getString("last_good");
        timesBack = Math.toIntExact(in.getLong("times_back"));
        rollbacks = in.getLong("rollbacks");
        if (lastGood != null && in.has("last_good_state")) {
            lastGood.take(in.getSnapshot("last_good_state"));
        }
    }

    private static Guard.Counts counts(double[] numbers) {
        return new Guard.Counts((long) numbers[0], (long) numbers[1], (long) numbers[2]);
    }
}
