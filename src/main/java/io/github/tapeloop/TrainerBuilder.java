package io.github.tapeloop;

import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.SessionBuilder;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.step.GradientReduction;
import io.github.tapeloop.step.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The settings of a trainer before it is built; begun by {@link Trainer#of}. Not thread-safe, and good for one
 * trainer, since models, optimizers and metrics belong to one.
 */
public final class TrainerBuilder {

    private final Model model;
    private final HeadsBuilder heads = new HeadsBuilder();
    private Optimizer optimizer;
    private TapeSession session;
    private final SessionBuilder sessionOptions = TapeSession.builder().takeTurns(true);
    private String sessionOption;
    private CustomStep step;
    private CustomStep testStep;
    private CustomStep.Prediction predictStep;
    private final List<Stateful> others = new ArrayList<>();
    private DtypePolicy precision = DtypePolicy.FULL;
    private Compilation compilation;
    private boolean jit;
    private GradientReduction reduction = GradientReduction.NONE;
    private int stepsPerExecution = 1;

    TrainerBuilder(Model model) {
        this.model = Objects.requireNonNull(model, "model");
    }

    /**
     * What to minimise, for a model with one output. If the data has sample weights, the loss gets them.
     *
     * @param value a loss or a lambda
     * @return this
     */
    public TrainerBuilder loss(Loss value) {
        heads.loss(null, value, 1);
        return this;
    }

    /**
     * What to minimise of one of several outputs, compared with the target of the same name. The total is logged as
     * {@code loss} and, if several outputs have one, each alone as {@code <output>_loss}.
     *
     * @param output a name in what the {@link MultiModel} returns
     * @param value a loss or a lambda
     * @return this
     */
    public TrainerBuilder loss(String output, Loss value) {
        return loss(output, value, 1);
    }

    /**
     * What to minimise of one of several outputs, and how much it counts.
     *
     * @param output a name in what the {@link MultiModel} returns
     * @param value a loss or a lambda
     * @param weight the total is the sum of the losses times their weights; at least 0. The loss that is logged for this
     *     output is not multiplied
     * @return this
     */
    public TrainerBuilder loss(String output, Loss value, double weight) {
        heads.loss(Objects.requireNonNull(output, "output"), value, weight);
        return this;
    }

    /**
     * What updates the weights.
     *
     * @param value an optimizer that no other trainer uses
     * @return this
     */
    public TrainerBuilder optimizer(Optimizer value) {
        this.optimizer = Objects.requireNonNull(value, "optimizer");
        return this;
    }

    /**
     * What to measure besides the loss. All examples count the same, whatever their sample weights.
     *
     * @param more metrics that no other trainer uses, of different names
     * @return this
     */
    public TrainerBuilder metrics(Metric... more) {
        heads.metrics(null, more);
        return this;
    }

    /**
     * What to measure of one of several outputs; logged as {@code <output>_<name of the metric>}.
     *
     * @param output a name in what the {@link MultiModel} returns
     * @param more metrics that no other trainer and no other output uses
     * @return this
     */
    public TrainerBuilder metrics(String output, Metric... more) {
        heads.metrics(Objects.requireNonNull(output, "output"), more);
        return this;
    }

    /**
     * What to measure with the data's sample weights. One that is named like one of {@link #metrics(Metric...)} is logged
     * as {@code weighted_<name>}.
     *
     * @param more metrics that take weights
     * @return this
     */
    public TrainerBuilder weightedMetrics(Metric... more) {
        heads.weightedMetrics(null, more);
        return this;
    }

    /**
     * What to measure of one of several outputs with the data's sample weights.
     *
     * @param output a name in what the {@link MultiModel} returns
     * @param more metrics that take weights
     * @return this
     */
    public TrainerBuilder weightedMetrics(String output, Metric... more) {
        heads.weightedMetrics(Objects.requireNonNull(output, "output"), more);
        return this;
    }

    /**
     * What a step of training is, in place of loss and optimizer: a GAN's two updates, a gradient penalty, distillation.
     *
     * @param value a step or a lambda
     * @return this
     */
    public TrainerBuilder step(CustomStep value) {
        this.step = Objects.requireNonNull(value, "step");
        return this;
    }

    /**
     * What a step of evaluation is; loss and metrics of the model's output unless set.
     *
     * @param value a step or a lambda, which updates no weight
     * @return this
     */
    public TrainerBuilder testStep(CustomStep value) {
        this.testStep = Objects.requireNonNull(value, "testStep");
        return this;
    }

    /**
     * What {@link Trainer#predict} computes; the model's output unless set.
     *
     * @param value a prediction or a lambda
     * @return this
     */
    public TrainerBuilder predictStep(CustomStep.Prediction value) {
        this.predictStep = Objects.requireNonNull(value, "predictStep");
        return this;
    }

    /**
     * Names what a custom step changes besides the model and the optimizer given here: further models and optimizers.
     * {@link Compilation#verify} compares them, too, and what {@link Trainer#fit} does for its optimizer at the end of an
     * epoch or of the run, such as to use gradients that wait for others, it does for these.
     *
     * @param parts models, optimizers, metrics
     * @return this
     */
    public TrainerBuilder includes(Stateful... parts) {
        others.addAll(List.of(parts));
        return this;
    }

    /**
     * In which type the model computes; weights stay float32. With {@link DtypePolicy#MIXED_FLOAT16} the optimizer scales the
     * loss by {@link LossScale#dynamic()} unless it has a scale. {@link DtypePolicy#FULL} unless set.
     *
     * <p>It pays on a GPU, and on processors that multiply matrices of the half type. Most do not, and are several times
     * slower with it: the first {@code fit} of a process times a small product of matrices in both types, and warns.
     *
     * @param value the precision
     * @return this
     */
    public TrainerBuilder precision(DtypePolicy value) {
        this.precision = Objects.requireNonNull(value, "precision");
        return this;
    }

    /**
     * Compiles steps: each is traced into a graph when it first sees a batch and then runs in one native call. Nothing
     * else changes, the loss curve included (but for the last digit of a softmax, where TensorFlow puts another kernel into
     * graphs: oneDNN's, unless {@code TF_ENABLE_ONEDNN_OPTS=0}); only Java code in a model, loss or metric runs while tracing and not
     * again. Off unless called.
     *
     * @return this
     */
    public TrainerBuilder compiled() {
        if (compilation == null) { // Options given before stay.
            compilation = Compilation.unverified();
        }
        return this;
    }

    /**
     * Compiles steps as {@link #compiled()} does, with options.
     *
     * @param options such as {@link Compilation#verify}
     * @return this
     */
    public TrainerBuilder compiled(Compilation options) {
        this.compilation = Objects.requireNonNull(options, "options");
        return this;
    }

    /**
     * Compiles steps to machine code by XLA. The first step of each shape of batch takes seconds; random ops draw other
     * numbers than without XLA. A step with an op that XLA cannot compile fails, naming it.
     *
     * @return this
     */
    public TrainerBuilder jitCompile() {
        this.jit = true;
        return compiled();
    }

    /**
     * Takes several compiled steps in one native call, which spares the cost of calls. Callbacks hear of the last batch of
     * a call only, as with Keras' {@code steps_per_execution}. 1 unless set.
     *
     * @param steps how many, at least 1
     * @return this
     * @throws IllegalArgumentException if there are fewer
     */
    public TrainerBuilder stepsPerExecution(int steps) {
        if (steps < 1) {
            throw new IllegalArgumentException("Expected at least 1 step per execution, got " + steps);
        }
        this.stepsPerExecution = steps;
        return this;
    }

    /**
     * Takes as many compiled steps in one native call as last about 50 ms, found by timing the first steps: long enough that the
     * call itself costs next to nothing, short enough that a progress bar still moves. See {@link #stepsPerExecution}.
     *
     * @return this
     */
    public TrainerBuilder autoStepsPerExecution() {
        this.stepsPerExecution = Plan.AUTO;
        return this;
    }

    /**
     * The seed of weights, dropout and shuffling; 0 unless set.
     *
     * @param value any number
     * @return this
     */
    public TrainerBuilder seed(long value) {
        requireOwnSession("seed");
        sessionOptions.seed(value);
        return this;
    }

    /**
     * TensorFlow's threads, see {@link SessionBuilder#threads}: one and one is fastest for small models.
     *
     * @param interOp threads that run ops, 0 for TensorFlow's default
     * @param intraOp threads inside one op, 0 for TensorFlow's default
     * @return this
     */
    public TrainerBuilder threads(int interOp, int intraOp) {
        requireOwnSession("threads");
        sessionOptions.threads(interOp, intraOp);
        return this;
    }

    /**
     * The device to compute on; TensorFlow chooses unless set.
     *
     * @param name a TensorFlow device, {@code /GPU:0} for example
     * @return this
     */
    public TrainerBuilder device(String name) {
        requireOwnSession("device");
        sessionOptions.device(name);
        return this;
    }

    /**
     * Uses a session of the caller's, with its seed, threads and device, and leaves it open. When the trainer is closed,
     * the weights of the model and what optimizers keep beside them stay in it, and nothing else of the trainer.
     *
     * @param value an open session
     * @return this
     */
    public TrainerBuilder session(TapeSession value) {
        if (sessionOption != null) {
            throw new IllegalArgumentException("session and " + sessionOption + " exclude each other: set "
                    + sessionOption + " on the session's builder");
        }
        this.session = Objects.requireNonNull(value, "session");
        return this;
    }

    /** Puts something between gradients and update. */
    TrainerBuilder reduction(GradientReduction value) {
        this.reduction = value;
        return this;
    }

    private void requireOwnSession(String option) {
        if (session != null) {
            throw new IllegalArgumentException(
                    option + " and session exclude each other: set " + option + " on the session's builder");
        }
        sessionOption = option;
    }

    /**
     * Builds the trainer, and opens a session for it unless one was given.
     *
     * @return a trainer, to be closed by the caller
     * @throws IllegalArgumentException if two metrics have the same name, or one that of the loss
     * @throws IllegalStateException if there is neither a step nor both loss and optimizer, or options exclude each other
     */
    public Trainer build() {
        requireComplete();
        if (jit) { // Whatever the order in which the two were called.
            compilation = compilation.withJit();
        }
        requireFitting();
        Plan plan = new Plan(
                model,
                heads.build(),
                optimizer,
                step,
                testStep,
                predictStep,
                List.copyOf(others),
                precision,
                compilation,
                stepsPerExecution,
                reduction);
        if (precision == DtypePolicy.MIXED_FLOAT16 && optimizer != null && !optimizer.scalesLoss()) {
            optimizer.setLossScale(LossScale.dynamic());
        }
        boolean ownsSession = session == null;
        return new Trainer(ownsSession ? sessionOptions.build() : session, ownsSession, plan);
    }

    private void requireComplete() {
        if (step == null && (!heads.hasLoss() || optimizer == null)) {
            String missing = !heads.hasLoss() ? "a loss: call loss(…)" : "an optimizer: call optimizer(…)";
            throw new IllegalStateException("A trainer needs " + missing + " before build(), or give it a step(…)");
        }
    }

    private void requireFitting() {
        if (compilation == null && stepsPerExecution != 1) {
            throw new IllegalStateException("stepsPerExecution needs compiled steps: call compiled() as well");
        }
        if (stepsPerExecution != 1 && (compilation.verifiedSteps() > 0 || compilation.isJit())) {
            throw new IllegalStateException("stepsPerExecution excludes "
                    + (compilation.isJit() ? "jitCompile: XLA compiles single steps" : "verify: verify first"));
        }
    }

    @Override
    public String toString() {
        return "TrainerBuilder of " + model;
    }
}
