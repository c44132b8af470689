package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.runtime.Precision;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** The training, test and prediction step of a trainer, each run the way the builder asked for. */
final class Steps {

    private final TapeSession session;
    private final Plan plan;
    private final Scores trainScores;
    private final Scores testScores;
    private final Objective objective;
    private final Step training;
    private final StepCounter counter = new StepCounter();
    private final ExecutionSize executionSize;
    private final StepFunction predict;
    private final Map<Set<Layer>, Functions> functions = new HashMap<>();

    /** What a trace keeps the setting of frozen layers of. */
    private record Functions(StepFunction train, StepFunction test, Map<Integer, StepFunction> loops) {}

    Steps(TapeSession session, Plan plan) {
        this.session = session;
        this.plan = plan;
        this.trainScores = new Scores(plan);
        this.testScores = new Scores(plan);
        this.executionSize = new ExecutionSize(plan.perExecution().steps());
        this.objective = new Objective(plan.model(), plan.heads());
        this.training = inContext(
                plan.step() != null
                        ? new ScoredStep(plan.step(), trainScores)
                        : trainStep(plan.compilation() == null ? new CachedTail(session, plan) : Tail.PLAIN));
        this.predict = function("predict_step", this::predict, new StepCounter());
    }

    private CustomStep trainStep(Tail tail) {
        return new TrainStep(objective, plan.optimizer(), trainScores, tail);
    }

    private Map<String, Operand<TFloat32>> predict(Ops tf, Batch batch, Supplier<Operand<TInt64>> number) {
        StepContext step = new StepContext(tf, session.seed(), number, plan.precision());
        return plan.predictStep() != null
                ? Map.of(Model.OUTPUT, plan.predictStep().run(step, batch))
                : step.inference().call(plan.model(), Objective.inputs(tf, batch));
    }

    /** Those for the layers that are frozen now: some may have been frozen or thawed since the last run. */
    private Functions functions() {
        Set<Layer> frozen = new HashSet<>();
        addFrozen(plan.model(), frozen);
        return functions.computeIfAbsent(
                frozen,
                layers -> new Functions(
                        train(function("train_step", training, counter)),
                        function("test_step", inContext(new ScoredStep(testStep(), testScores)), new StepCounter()),
                        new HashMap<>()));
    }

    private static void addFrozen(Layer layer, Set<Layer> frozen) {
        if (layer.trainable()) {
            layer.layers().values().forEach(child -> addFrozen(child, frozen));
        } else {
            frozen.add(layer);
        }
    }

    /** Gives back the loss, or the first by name of what the step names. */
    private Step inContext(CustomStep step) {
        return (tf, batch, number) -> {
            Map<String, ? extends Operand<? extends TNumber>> named =
                    step.run(new StepContext(tf, session.seed(), number, plan.precision()), batch);
            String result = named.containsKey(Scores.LOSS) ? Scores.LOSS : Collections.min(named.keySet());
            return Map.of(result, Precision.full(tf, named.get(result)));
        };
    }

    private CustomStep testStep() {
        if (plan.testStep() != null) {
            return plan.testStep();
        }
        if (plan.hasLoss()) {
            return new TestStep(objective);
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
        return new Trial(
                        session,
                        plan,
                        plan.step() != null ? plan.step() : trainStep(Tail.PLAIN),
                        batch,
                        counter.taken())
                .run();
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
        return functions().train();
    }

    /** The training step for batches of a size, or for several of them in one. */
    StepFunction train(int batchSize) {
        Functions now = functions();
        if (executionSize.isKnown() && executionSize.steps() == 1) {
            return now.train();
        }
        return now.loops()
                .computeIfAbsent(
                        batchSize,
                        size -> new CompiledLoop(session, "train_steps", training, now.train(), size, counter));
    }

    StepFunction test() {
        return functions().test();
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
