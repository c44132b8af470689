package io.github.tapeloop.loop;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.step.Scores;
import io.github.tapeloop.warning.Warnings;
import java.util.List;
import java.util.Map;

/** The watch over what a run learns: a loss that is no number or grows beyond measure, a rate of 0, a metric that nobody feeds. */
final class LearningWatch implements ValueState {

    /** Losses rise and fall; one that has grown so many times is not on its way back. */
    private static final double GROWN = 1000;

    private final Engine engine;
    private boolean stepped;
    private double firstLoss = Double.NaN;
    private boolean began0;
    private boolean said;

    LearningWatch(Engine engine) {
        this.engine = engine;
    }

    /** After an execution of steps; looks at the first only. */
    void stepTaken() {
        if (stepped) {
            return;
        }
        stepped = true;
        firstLoss = engine.trainScores().results().getOrDefault(Scores.LOSS, Double.NaN);
        began0 = rateIs0();
        List<String> unfed = engine.plan().step() == null
                ? List.of()
                : engine.plan().measured().entrySet().stream()
                        .filter(metric -> metric.getValue().state().size() == 0)
                        .map(Map.Entry::getKey)
                        .toList();
        if (!unfed.isEmpty()) {
            Warnings.warn(
                    LearningWatch.class,
                    "The step has not updated the metrics " + unfed
                            + " of the builder, whose values mean nothing then: call"
                            + " metric.update(step.tf(), target, prediction) in it");
        }
    }

    private boolean rateIs0() {
        return engine.optimizer().isPresent() && engine.optimizer().get().learningRate() == 0;
    }

    /** At the end of an epoch; what is wrong there is said once. */
    void epochEnds(int epoch, Double loss) {
        if (began0 && rateIs0()) {
            Warnings.warn(LearningWatch.class, "The learning rate is 0 from the first step on: nothing is learnt");
        }
        began0 = false;
        if (loss == null || said) {
            return;
        }
        if (!Double.isFinite(loss)) {
            said = true;
            Warnings.warn(
                    LearningWatch.class,
                    "The loss of epoch " + (epoch + 1) + " is " + loss
                            + ". Is the data scaled to about [-1, 1], the learning rate small enough? A preflight(batch)"
                            + " before fit looks for the op; Fit.onNonFinite(…) skips such steps, goes back or stops");
        } else if (Math.abs(loss) > GROWN * Math.max(1, Math.abs(firstLoss))) {
            said = true;
            Warnings.warn(
                    LearningWatch.class,
                    "The loss has grown from " + (float) firstLoss + " in the first step to " + loss.floatValue()
                            + " in epoch " + (epoch + 1)
                            + ": is the learning rate small enough, the data scaled to about"
                            + " [-1, 1]? A LearningRateFinder looks for a rate");
        }
    }

    @Override
    public void saveState(Writer out) {
        out.put("stepped", stepped);
        out.put("first_loss", firstLoss);
        out.put("began_with_rate_0", began0);
        out.put("said", said);
    }

    @Override
    public void loadState(Reader in) {
        stepped = in.getBoolean("stepped");
        firstLoss = in.getDouble("first_loss");
        began0 = in.getBoolean("began_with_rate_0");
        said = in.getBoolean("said");
    }
}
