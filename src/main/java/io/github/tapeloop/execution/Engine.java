package io.github.tapeloop.execution;

import io.github.tapeloop.CustomStep;
import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.step.Backward;
import io.github.tapeloop.step.CachedBackward;
import io.github.tapeloop.step.Guard;
import io.github.tapeloop.step.LoggedStep;
import io.github.tapeloop.step.Objective;
import io.github.tapeloop.step.Plan;
import io.github.tapeloop.step.Scores;
import io.github.tapeloop.step.Seams;
import io.github.tapeloop.step.SeenInputs;
import io.github.tapeloop.step.StepBody;
import io.github.tapeloop.step.StepRun;
import io.github.tapeloop.step.TestStep;
import io.github.tapeloop.step.TrainStep;
import io.github.tapeloop.step.Witness;
import io.github.tapeloop.tape.GradientRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * The engine of a trainer: its training, test and prediction step, each run the way the builder asked for, and the account of
 * its state. Closing it frees what it made, whoever owns the session.
 */
public final class Engine implements AutoCloseable {

    /** How many settings of frozen layers keep their traces: the one used longest ago gives its place up. */
    private static final int MOST_SETTINGS = 8;

    static final String WEIGHTS = "loop/weights";
    private static final String PROGRESS = "loop";
    private static final String EXECUTION = "loop/execution";
    private static final String FROZEN = "loop/frozen";

    private final TapeSession session;
    private final Plan plan;
    private final Scores trainScores;
    private final Scores testScores;
    private final Objective objective;
    private final Backward backward;
    private final Guard guard;
    private final Seams seams;
    private final Progress progress = new Progress();
    private final ExecutionSize executionSize;
    private final WeightsInPlace weights;
    private final FrozenLayers frozen;
    private final TrainingState state;
    private final Rounds rounds;
    private final Set<Optimizer> optimizers;
    private final Execution predict;
    private final Look look = new Look();
    /** The layers that were frozen when a step was last looked at. */
    private Set<Layer> lookedAt;

    /** By the layers that are frozen, the limit of the guard, and the rules for gradients: a trace keeps them. */
    private final Map<Setting, Executions> executions = new LinkedHashMap<>(MOST_SETTINGS, 0.75f, true);

    private record Setting(Set<Layer> frozen, long guardLimit, int gradientRules) {}

    /** What a trace keeps the setting of. */
    private record Executions(Step training, Execution train, Execution test, Map<Integer, Execution> loops) {

        void close() {
            List<Execution> all = new ArrayList<>(List.of(train, test));
            all.addAll(loops.values());
            ClosingActions.each(all, Execution::close);
        }
    }

    /**
     * @param session where everything is
     * @param plan what to do
     */
    public Engine(TapeSession session, Plan plan) {
        this.session = session;
        this.plan = plan;
        this.trainScores = new Scores(plan);
        this.testScores = new Scores(plan);
        this.executionSize = new ExecutionSize(plan.stepsPerExecution());
        this.objective = new Objective(plan.model(), plan.heads());
        this.backward =
                plan.compilation() == null && plan.step() == null ? new CachedBackward(session, plan) : Backward.PLAIN;
        this.guard = new Guard(session);
        this.optimizers = new LinkedHashSet<>(plan.optimizers());
        this.weights = new WeightsInPlace(this::optimizers);
        this.seams = new Seams(session, plan.precision(), plan.reduction(), guard, this::meet);
        this.rounds = new Rounds(session);
        this.frozen = new FrozenLayers(plan.model());
        this.state = account();
        this.predict = execution(new Step(
                "predict_step", this::predict, true, seams.unguarded(), state, Progress.NONE, List::of, Look.NONE));
    }

    /** Registers all that makes the next step what it is. */
    private TrainingState account() {
        TrainingState all = new TrainingState(session);
        all.register("model", plan.model());
        if (plan.optimizer() != null) {
            all.register("optimizer", plan.optimizer());
        }
        int number = 0;
        for (Stateful other : plan.others()) {
            all.register("others/" + number++, other);
        }
        for (Map.Entry<String, Metric> metric : plan.measured().entrySet()) {
            all.register("scores/metrics/" + metric.getKey(), metric.getValue());
        }
        all.register("scores/train", trainScores);
        all.register("scores/test", testScores);
        all.register(PROGRESS, progress);
        all.register(EXECUTION, executionSize);
        all.register(WEIGHTS, weights); // Last: it sees the variables as they are to be.
        all.registerPlace(FROZEN, frozen);
        all.registerPlace("loop/passes", ForwardPass.counts(session));
        if (plan.compilation() != null && plan.compilation().verifiedSteps() > 0) {
            all.registerPlace("loop/verified", new Verification(() ->
                    (VerifiedExecution) executions().train()));
        }
        return all;
    }

    /** Remembers an optimizer that a step updates by, as if the builder had been told of it. */
    private void meet(Optimizer optimizer) {
        if (optimizers.add(optimizer)) {
            state.withdraw(WEIGHTS);
            state.register("others/" + (plan.others().size() + optimizers.size()), optimizer);
            state.register(WEIGHTS, weights);
        }
    }

    /** Makes the ops of a prediction in a trace, of inputs by name in their order. */
    public Map<String, ? extends Operand<? extends TNumber>> predict(Ops tf, Map<String, Operand<?>> inputs) {
        try (StepRun run = StepRun.traced(tf, () -> tf.constant(0L), seams.unguarded())) {
            Map<String, ? extends Operand<? extends TNumber>> outputs = predict(run, Batch.ofOperands(inputs));
            run.commit(Bundle.of(outputs)); // Puts into the graph what the prediction writes.
            return outputs;
        }
    }

    /** What the inputs of the model have looked like so far. */
    public SeenInputs seenInputs() {
        return objective.seen();
    }

    private Map<String, ? extends Operand<? extends TNumber>> predict(StepRun step, Batch batch) {
        CustomStep.Prediction own = plan.predictStep();
        return own != null
                ? Map.of(Model.OUTPUT, own.run(step, batch))
                : step.inference().call(plan.model(), objective.inputs(step.tf(), batch));
    }

    /** Has the next training step be seen, if none was since the same layers are frozen. */
    public void lookAtNextStep(Supplier<Witness> witness) {
        Set<Layer> now = frozen.all();
        if (!now.equals(lookedAt)) {
            lookedAt = now;
            look.by(witness.get());
        }
    }

    /** Those for the layers that are frozen now: some may have been frozen or thawed since the last run. */
    private Executions executions() {
        Setting setting = new Setting(
                frozen.all(), guard.limit(), GradientRegistry.of(session).version());
        Executions found = executions.get(setting);
        if (found == null) {
            found = newExecutions();
            executions.put(setting, found);
            if (executions.size() > MOST_SETTINGS) {
                Setting oldest = executions.keySet().iterator().next();
                executions.remove(oldest).close();
            }
        }
        return found;
    }

    private Executions newExecutions() {
        Step training = trainStep("train_step", trainBody(backward));
        Step testing = new Step(
                "test_step", testBody(), false, seams.unguarded(), state, progress.testing(), List::of, Look.NONE);
        Execution once = execution(training);
        int verified = plan.compilation() == null ? 0 : plan.compilation().verifiedSteps();
        Execution train =
                verified == 0 ? once : new VerifiedExecution(training, new EagerExecution(training), once, verified);
        return new Executions(training, train, execution(testing), new HashMap<>());
    }

    private Step trainStep(String name, StepBody body) {
        return new Step(name, body, false, seams, state, progress.training(), this::optimizers, look);
    }

    private StepBody trainBody(Backward secondHalf) {
        return plan.step() != null
                ? new LoggedStep(plan.step(), trainScores)
                : new TrainStep(objective, plan.optimizer(), trainScores, secondHalf);
    }

    private StepBody testBody() {
        if (plan.testStep() != null) {
            return new LoggedStep(plan.testStep(), testScores);
        }
        if (plan.hasLoss()) {
            return new TestStep(objective, testScores);
        }
        return (step, batch) -> {
            requireTestStep();
            throw new AssertionError("there is one");
        };
    }

    /** Refuses to evaluate where nobody said how. */
    public void requireTestStep() {
        if (plan.testStep() == null && !plan.hasLoss()) {
            throw new IllegalStateException(
                    "This trainer has a step of its own and neither a loss nor a test step, so it"
                            + " cannot evaluate: give its builder loss(…) or testStep(…)");
        }
    }

    private Execution execution(Step step) {
        return plan.compilation() == null
                ? new EagerExecution(step)
                : new CompiledExecution(step, plan.compilation().isJit());
    }

    /** A training step as it is taken op by op, for who looks at it. */
    public StepBody trial() {
        return plan.step() != null ? plan.step()::run : trainBody(Backward.PLAIN);
    }

    /** What surrounds the steps. */
    public Seams seams() {
        return seams;
    }

    /** The execution of a training step. */
    public Execution train() {
        return executions().train();
    }

    /**
     * Takes over everything that was captured of an account with the same parts, or after a failure nothing.
     *
     * @param build makes the variables by a step, when what decides on how it is made has been taken over: counts, how many a call
     *     takes, what is frozen
     */
    public void takeOver(Contents saved, Runnable build) {
        TrainingState first = new TrainingState(session);
        first.register(PROGRESS, progress);
        first.register(EXECUTION, executionSize);
        first.register(FROZEN, frozen);
        try (Snapshot before = first.snapshot()) {
            try {
                saved.load(PROGRESS, progress::loadState);
                saved.load(EXECUTION, executionSize::loadState);
                saved.load(FROZEN, frozen::loadState);
                lookedAt = frozen.all();
                build.run();
                restore(saved);
            } catch (RuntimeException | Error e) {
                before.restore();
                lookedAt = frozen.all();
                throw e;
            }
        }
    }

    /** Makes all variables that a training step makes, by a step of which nothing else stays. */
    public void build(Execution training, Batch batch) {
        try (Snapshot all = Snapshot.ofAll(session); // Also what no part of the trainer has.
                Snapshot before = state.snapshot()) {
            try {
                training.run(batch, result -> {});
            } finally {
                all.restore();
                before.restore();
            }
        }
    }

    /** Takes over everything where the variables are there already, or after a failure nothing. */
    public void restore(Contents saved) {
        boolean toTrain = weights.areToTrain();
        boolean averages = weights.averagesInPlace();
        try (Snapshot before = state.snapshot()) {
            try {
                saved.load(WEIGHTS, weights::setTo);
                state.restore(saved);
            } catch (RuntimeException | Error e) {
                weights.areBack(toTrain, averages);
                before.restore();
                throw e;
            }
        }
    }

    /** The execution of training steps for batches of a size, or for several of them in one. */
    public Execution train(int batchSize) {
        Executions now = executions();
        if (executionSize.isKnown() && executionSize.steps() == 1 || plan.compilation() == null) {
            return now.train();
        }
        return now.loops().computeIfAbsent(batchSize, size -> {
            Step several = trainStep("train_steps", trainBody(Backward.PLAIN));
            return new LoopExecution(several, now.train(), size, rounds);
        });
    }

    /** The execution of a test step. */
    public Execution test() {
        return executions().test();
    }

    /** The execution of a prediction step. */
    public Execution predict() {
        return predict;
    }

    /** What training steps have been adding to. */
    public Scores trainScores() {
        return trainScores;
    }

    /** What test steps have been adding to; the metrics are those of training. */
    public Scores testScores() {
        return testScores;
    }

    /** How many steps an execution takes. */
    public ExecutionSize executionSize() {
        return executionSize;
    }

    /** How far the trainer is. */
    public Progress progress() {
        return progress;
    }

    /** Which weights the variables hold. */
    public WeightsInPlace weights() {
        return weights;
    }

    /** What refuses steps that are not finite. */
    public Guard guard() {
        return guard;
    }

    /** All that makes the next step what it is. */
    public TrainingState state() {
        return state;
    }

    /** What the builder of the trainer was told. */
    public Plan plan() {
        return plan;
    }

    /** The session that everything is in. */
    public TapeSession session() {
        return session;
    }

    /** Begins something in the middle of a run that is to leave nothing behind. */
    public Aside aside() {
        return new Aside(this);
    }

    /** The model. */
    public Model model() {
        return plan.model();
    }

    /** The optimizer that callbacks may change, unless the step brings its own. */
    public Optional<Optimizer> optimizer() {
        return Optional.ofNullable(plan.optimizer());
    }

    /** Whether optimizers may come that are not known yet: a step of the user's brings them. */
    public boolean bringsOptimizers() {
        return plan.step() != null;
    }

    /** That one, those that the builder was told of, and those that a step was seen to update by. */
    public List<Optimizer> optimizers() {
        return List.copyOf(optimizers);
    }

    /**
     * Frees all that the trainer made: traces, and the variables of scores, metrics and counts. Weights and what optimizers
     * keep beside them stay with the session, where a model can be used on. All is freed, whatever fails.
     */
    @Override
    public void close() {
        List<Runnable> parts = new ArrayList<>();
        executions.values().forEach(some -> parts.add(some::close));
        parts.add(predict::close);
        if (backward instanceof CachedBackward cache) {
            parts.add(cache::close);
        }
        parts.add(trainScores::close);
        parts.add(testScores::close);
        plan.others().stream()
                .filter(Metric.class::isInstance)
                .forEach(metric -> parts.add(() -> ClosingActions.each(metric.state(), Variable::close)));
        parts.add(guard::close);
        parts.add(rounds::close);
        executions.clear();
        ClosingActions.each(parts, Runnable::run);
    }
}
