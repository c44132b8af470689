package io.github.tapeloop;

import io.github.tapeloop.callback.Run;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TracedGraphs;
import io.github.tapeloop.state.Snapshot;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.tensorflow.proto.GraphDef;

/** A run of {@link FitLoop} as callbacks see it: what they ask of the loop, and what they may change. */
final class TrainerRun implements Run {

    private final Trainer trainer;
    private String stopReason;
    private boolean averagesInPlace;
    /** The learning rate before the first change. */
    private OptionalDouble rateBefore = OptionalDouble.empty();

    TrainerRun(Trainer trainer) {
        this.trainer = trainer;
    }

    /** Whether the loop is to stop: somebody asked, or its thread was interrupted. */
    boolean stopsNow() {
        if (Thread.currentThread().isInterrupted()) {
            stop("interrupted");
        }
        return stopReason != null;
    }

    /** Gives the optimizer the learning rate that it had before this run, if that was changed. */
    void resetLearningRate() {
        rateBefore.ifPresent(this::setLearningRate);
    }

    @Override
    public void stop(String reason) {
        if (stopReason == null) {
            stopReason = reason;
        }
    }

    @Override
    public Optional<String> stopReason() {
        return Optional.ofNullable(stopReason);
    }

    @Override
    public Model model() {
        return trainer.model();
    }

    @Override
    public boolean hasLearningRate() {
        return trainer.optimizer().isPresent();
    }

    @Override
    public double learningRate() {
        return optimizer().learningRate();
    }

    private Optimizer optimizer() {
        return trainer.optimizer()
                .orElseThrow(() -> new IllegalStateException(
                        "This trainer's step brings its own optimizers, so there is no learning rate: give the builder"
                                + " the one that callbacks may change by optimizer(…)"));
    }

    /** The optimizers that average variables. */
    List<Optimizer> averaging() {
        return trainer.optimizers().stream().filter(Optimizer::hasAverages).toList();
    }

    @Override
    public void useAverages(boolean inPlace) {
        if (inPlace != averagesInPlace) {
            if (averaging().isEmpty()) {
                throw new IllegalStateException("No optimizer of this trainer averages variables: build one"
                        + " .with(MovingAverage.of(0.99)), and name those that a step brings by includes(…)");
            }
            averaging().forEach(Optimizer::swapAverages);
            averagesInPlace = inPlace;
        }
    }

    @Override
    public void setLearningRate(double learningRate) {
        OptionalDouble before = rateBefore.isEmpty() ? OptionalDouble.of(learningRate()) : rateBefore;
        optimizer().setLearningRate(learningRate);
        rateBefore = before;
    }

    @Override
    public long steps() {
        return trainer.steps().taken();
    }

    @Override
    public Optional<Boolean> higherIsBetter(String name) {
        return trainer.steps().trainScores().higherIsBetter(name);
    }

    @Override
    public Snapshot snapshot() {
        return Snapshot.withNewVariables(trainer.session(), trainer.steps().trained());
    }

    @Override
    public Map<String, GraphDef> graphs() {
        return TracedGraphs.of(trainer.session()).byName();
    }
}
