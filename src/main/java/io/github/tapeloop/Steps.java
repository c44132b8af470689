package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The training, test and prediction step of a trainer, each run the way the builder asked for. */
final class Steps {

    private final TapeSession session;
    private final Plan plan;
    private final Scores trainScores;
    private final Scores testScores;
    private final CustomStep trained;
    private final Step training;
    private final StepCounter counter = new StepCounter();
    private final ExecutionSize executionSize;
    private final StepFunction train;
    private final StepFunction test;
    private final StepFunction predict;
    private final Map<Integer, StepFunction> loops = new HashMap<>();

    Steps(TapeSession session, Plan plan) {
        this.session = session;
        this.plan = plan;
        this.trainScores = new Scores(plan.metrics());
        this.testScores = new Scores(plan.metrics());
        this.executionSize = new ExecutionSize(plan.perExecution().steps());
        this.trained = plan.step() != null
                ? plan.step()
                : new TrainStep(plan.model(), plan.loss(), plan.optimizer(), trainScores);
        this.training = scored(trained, trainScores);
        this.train = train(function("train_step", training, counter));
        this.test = function("test_step", scored(testStep(), testScores), new StepCounter());
        CustomPrediction prediction = plan.predictStep() != null
                ? plan.predictStep()
                : (step, batch) -> step.inference().call(plan.model(), batch.input(step.tf()));
        this.predict = function(
                "predict_step",
                (tf, batch, number) ->
                        prediction.run(new StepContext(tf, session.seed(), number, plan.precision()), batch),
                new StepCounter());
    }

    private Step scored(CustomStep step, Scores scores) {
        return new ScoredStep(step, scores, session.seed(), plan.precision());
    }

    private CustomStep testStep() {
        if (plan.testStep() != null) {
            return plan.testStep();
        }
        if (plan.loss() != null) {
            return new TestStep(plan.model(), plan.loss(), testScores);
        }
        return (step, batch) -> {
            throw new IllegalStateException(
                    "This trainer has a step of its own and neither a loss nor a test step, so it"
                            + " cannot evaluate: give its builder loss(…) or testStep(…)");
        };
    }

    private StepFunction train(StepFunction once) {
        int verified = plan.compilation() == null ? 0 : plan.compilation().verifiedSteps();
        return verified == 0
                ? once
                : new VerifiedStep(
                        session, new EagerStep(session, training, counter), once, this::state, verified, counter);
    }

    private StepFunction function(String name, Step step, StepCounter steps) {
        return plan.compilation() == null
                ? new EagerStep(session, step, steps)
                : new CompiledStep(session, name, step, plan.compilation().isJit(), steps);
    }

    /** All that a training step can change. */
    private List<Variable<?>> state() {
        List<Variable<?>> all = trainScores.variables();
        all.addAll(trained());
        return all;
    }

    /** The variables of models and optimizers. */
    List<Variable<?>> trained() {
        List<Variable<?>> all = new ArrayList<>();
        plan.model().variables().forEach(all::add);
        if (plan.optimizer() != null) {
            plan.optimizer().state().forEach(all::add);
        }
        plan.others().forEach(other -> other.state().forEach(all::add));
        return all;
    }

    /** Takes a training step, looks at it and undoes it. */
    Preflight preflight(Batch batch) {
        return new Trial(session, plan, trained, batch, counter.taken()).run();
    }

    /** How many training steps were taken. */
    long taken() {
        return counter.taken();
    }

    /** Counts training steps from an earlier number on again, as if those since had not been taken. */
    void rewind(long taken) {
        counter.add(Math.toIntExact(taken - counter.taken()));
    }

    StepFunction train() {
        return train;
    }

    /** The training step for batches of a size, or for several of them in one. */
    StepFunction train(int batchSize) {
        if (executionSize.isKnown() && executionSize.steps() == 1) {
            return train;
        }
        return loops.computeIfAbsent(
                batchSize, size -> new CompiledLoop(session, "train_steps", training, train, size, counter));
    }

    StepFunction test() {
        return test;
    }

    StepFunction predict() {
        return predict;
    }

    /** What training steps have been adding to. */
    Scores trainScores() {
        return trainScores;
    }

    /** What test steps have been adding to; the metrics are those of training. */
    Scores testScores() {
        return testScores;
    }

    ExecutionSize executionSize() {
        return executionSize;
    }
}
