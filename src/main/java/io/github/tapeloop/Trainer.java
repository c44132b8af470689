package io.github.tapeloop;

import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.DataException;
import io.github.tapeloop.execution.Aside;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.execution.Execution;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.lifetime.Hold;
import io.github.tapeloop.lifetime.UseLock;
import io.github.tapeloop.loop.Conductor;
import io.github.tapeloop.loop.CutShortException;
import io.github.tapeloop.loop.DirectoryArchive;
import io.github.tapeloop.loop.Evaluator;
import io.github.tapeloop.loop.FitLoop;
import io.github.tapeloop.loop.RunArchive;
import io.github.tapeloop.loop.SavedState;
import io.github.tapeloop.preflight.FirstStep;
import io.github.tapeloop.preflight.Trial;
import io.github.tapeloop.runtime.Owner;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.serving.ServedGraph;
import io.github.tapeloop.serving.Weights;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.step.Objective;
import io.github.tapeloop.step.Plan;
import io.github.tapeloop.step.Scores;
import io.github.tapeloop.warning.Warnings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * Trains, evaluates and uses a model.
 *
 * <pre>{@code
 * try (Trainer trainer = Trainer.of(new Mlp())
 *         .loss(SparseCategoricalCrossentropy.fromLogits())
 *         .optimizer(new Adam(1e-3))
 *         .metrics(new SparseCategoricalAccuracy())
 *         .seed(42)
 *         .build()) {
 *     History history = trainer.fit(train.shuffle(60_000).batch(128), Fit.epochs(5).validation(test.batch(256)));
 * }
 * }</pre>
 *
 * <p>The same seed, data, machine and thread options give the same losses, bit for bit. A trainer is used by one thread
 * at a time, by any of them in turn; a call while another thread's is running is an exception that names both. Trainers of
 * different threads share nothing. After an exception it can be used again: a step that fails changes nothing.
 *
 * <p>{@link #evaluate}, {@link #predict}, {@link #predictAll} and {@link #testOnBatch} may also be called in the middle of a run, by its
 * callbacks and while it is {@link FitHandle#pause paused}: they see the weights of that moment, those to evaluate with, and
 * the run goes on, to the last bit, as if they had not been. An interrupt of their thread ends them at the end of the batch by a
 * {@link java.util.concurrent.CancellationException}, and so does {@link #close}; the flag of the thread stays set.
 */
public final class Trainer implements AutoCloseable {

    private static final Duration CLOSING = Duration.ofSeconds(30);
    private static final AtomicInteger RUNS = new AtomicInteger();

    private final TapeSession session;
    private final boolean ownsSession;
    private final Engine engine;
    private final Evaluator evaluator;
    private final SavedState saved;
    private final Plan plan;
    private final Description description;
    /** Taken for the length of a call, by one thread at a time. */
    private final UseLock calls = new UseLock("This trainer", this::free);

    private final Owner made;
    /** What trains, or is paused; null between two runs. Written by who is inside. */
    private FitLoop running;
    /** Whether an evaluation or a prediction runs beside it. */
    private boolean beside;
    /** The run that was begun last by {@link #fitAsync}. */
    private volatile AsyncFit async;

    /** @param ownsSession whether to close the session with this trainer */
    Trainer(TapeSession session, boolean ownsSession, Plan plan) {
        this.session = session;
        this.ownsSession = ownsSession;
        this.plan = plan;
        this.engine = new Engine(session, plan);
        this.made = session.owner();
        made.own(engine);
        this.evaluator = new Evaluator(engine);
        this.saved = new SavedState(engine);
        this.description = new Description(session, plan, engine.executionSize());
    }

    /**
     * Starts the description of a trainer.
     *
     * @param model what to train
     * @return a builder
     */
    public static TrainerBuilder of(Model model) {
        return new TrainerBuilder(model);
    }

    /**
     * Trains. Shuffled data has a new order in each epoch that this trainer trains, from one call to the next, too.
     *
     * @param data batches with targets; opened once an epoch
     * @param options epochs, validation, callbacks
     * @return what happened
     * @throws IllegalArgumentException if there is no batch, or shapes do not fit
     * @throws io.github.tapeloop.callback.CallbackException if a callback throws
     */
    public History fit(Batches data, Fit options) {
        return exclusively("fit", warnings -> fit(data, options, this::isClosing, System::nanoTime, warnings));
    }

    /** @param archive where checkpoints go */
    History fit(Batches data, Fit options, RunArchive archive) {
        return exclusively(
                "fit",
                warnings -> fit(data, options, this::isClosing, System::nanoTime, warnings, Optional.of(archive)));
    }

    private History fit(Batches data, Fit options, Conductor conductor, LongSupplier nanoTime, Warnings warnings) {
        try (RunArchive archive = options.checkpoints()
                .map(checkpoints -> open(checkpoints, data, options))
                .orElse(null)) {
            return fit(data, options, conductor, nanoTime, warnings, Optional.ofNullable(archive));
        }
    }

    private RunArchive open(Checkpoints checkpoints, Batches data, Fit options) {
        return DirectoryArchive.open(
                checkpoints, description.fingerprint(data, options), describe(), engine.trainScores()::higherIsBetter);
    }

    /**
     * Everything that makes the next step what it is, as it is now: to go back to, in a search of one's own for example. What it
     * cannot bring back are files of callbacks.
     *
     * @return the state in memory, to be closed by the caller; {@link Snapshot#restore} can be called again and again, between two
     *     calls of this trainer
     */
    public Snapshot snapshot() {
        return exclusively("snapshot", warnings -> engine.state().snapshot());
    }

    /**
     * Saves everything that makes the next step what it is: weights, what optimizers keep, counts, what is frozen.
     *
     * @param directory where to; made if need be. What was saved there before is replaced when this is on the disk
     * @throws CheckpointException if it cannot be written
     */
    public void save(Path directory) {
        exclusively("save", warnings -> {
            SavedState.save(engine, directory, false);
            return directory;
        });
    }

    /**
     * Takes over what was saved by {@link #save}, by a {@code ModelCheckpoint}, or by a {@link #fit}
     * with checkpoints, of which the place in its data is left out. Names, shapes and types are compared first: at once, or, if
     * the model has not been called yet and so has no weights, when the next call sees its first batch. Trainers on one session whose
     * models share layers are built before, by {@link #build(Shape)}: once one of them has made weights
     * that are shared, the next call of another for which something waits is an IllegalStateException, as it would undo steps of
     * the first.
     *
     * @param directory what it was saved to, or that of one checkpoint
     * @throws CheckpointException if there is no checkpoint, it is damaged, or one of another model; nothing is changed then
     */
    public void load(Path directory) {
        exclusively("load", warnings -> {
            saved.load(directory);
            return directory;
        });
    }

    /**
     * Saves some weights of the model, with the values to evaluate with, and nothing else: {@code model.unfrozenVariables()} is a small
     * checkpoint of a model that is frozen but for LoRA and its head, {@code model.mergeLora()} one of a model without LoRA.
     *
     * @param directory where to; made if need be. What was saved there before is replaced when this is on the disk
     * @param some of {@code model().variables()}
     * @throws IllegalArgumentException if there are none, or one is not of this model
     * @throws CheckpointException if it cannot be written
     */
    public void saveWeights(Path directory, Parameters some) {
        exclusively("saveWeights", warnings -> {
            engine.weights().toEvaluate();
            SavedState.saveWeights(engine, directory, some);
            return directory;
        });
    }

    /**
     * Takes over the weights of the model that were saved, in whatever way, and nothing else: these have to be those given here, and the
     * others stay as they are. A body that was trained before, and on top of it what was learnt with LoRA:
     *
     * <pre>{@code
     * trainer.build(data);
     * trainer.loadWeights(body, model.baseVariables());       // of a trainer of the model without LoRA
     * trainer.loadWeights(learnt, model.unfrozenVariables()); // what saveWeights(learnt, model.unfrozenVariables()) saved
     * }</pre>
     *
     * @param directory what it was saved to, or that of one checkpoint
     * @param some of {@code model().variables()}, which are there once the trainer is built
     * @throws IllegalArgumentException if there are none, or one is not of this model
     * @throws CheckpointException if there is no checkpoint, it is damaged, or it has more or fewer weights than these, or others; nothing
     *     is changed then
     */
    public void loadWeights(Path directory, Parameters some) {
        exclusively("loadWeights", warnings -> {
            SavedState.loadWeights(engine, directory, some);
            return directory;
        });
    }

    /**
     * Makes the weights of the model before there is any data, those that its first step would make, to the bit: then {@link
     * Model#summary()} shows its shapes, weights can be given to it, and what {@link #load} has kept waiting is there.
     *
     * @param input the shape of the only input, float32 [batch, …], -1 for any size
     * @return the shapes of the outputs by name
     * @throws IllegalArgumentException if the model does not take such an input; weights that were made so far are gone
     * @throws CheckpointException if what was loaded is of another model
     */
    public Map<String, Shape> build(Shape input) {
        return build(Map.of(Model.INPUT, new Spec(DataType.DT_FLOAT, input)));
    }

    /**
     * Makes the weights of the model before there is any data, for inputs by name; otherwise as {@link #build(Shape)}.
     *
     * @param inputs their types and shapes, [batch, …] each, -1 for any size, in the order of the data
     * @return the shapes of the outputs by name
     * @throws IllegalArgumentException if the model does not take such inputs; weights that were made so far are gone
     * @throws CheckpointException if what was loaded is of another model
     */
    public Map<String, Shape> build(Map<String, Spec> inputs) {
        return exclusively("build", warnings -> built(inputs));
    }

    /**
     * Makes the weights of the model for data like some, whose first batch is looked at; otherwise as {@link #build(Shape)}.
     *
     * @param data batches, whose targets are not looked at
     * @return the shapes of the outputs by name
     * @throws IllegalArgumentException if there is no batch, or the model does not take its inputs; weights that were made so far are
     *     gone
     * @throws CheckpointException if what was loaded is of another model
     */
    public Map<String, Shape> build(Batches data) {
        return exclusively("build", warnings -> {
            try (BatchIterator batches = data.open(session.seed(), 0)) {
                requireResult(batches.hasNext(), "build");
                try (Batch batch = batches.next()) {
                    return built(Objective.specs(session, batch));
                }
            }
        });
    }

    private Map<String, Shape> built(Map<String, Spec> inputs) {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        saved.settle(() -> outputs.putAll(plan.model().build(session, plan.precision(), inputs)));
        engine.seenInputs().willSee(inputs);
        return outputs;
    }

    /**
     * Trains on a thread of its own, named {@code tapeloop-fit-} and a number, which keeps the process alive as long as the run
     * lasts; otherwise as {@link #fitAsync(Batches, Fit, Executor)}.
     *
     * <pre>{@code
     * try (FitHandle run = trainer.fitAsync(train, Fit.epochs(20))) {
     *     run.pause().join();
     *     trainer.predict(samples);
     *     run.resume();
     *     History history = run.history().join();
     * }
     * }</pre>
     *
     * @param data batches with targets; opened once an epoch
     * @param options epochs, validation, callbacks
     * @return the run, to be closed by the caller
     * @throws IllegalStateException if the trainer is in use, or its session is or belongs to another thread
     */
    public FitHandle fitAsync(Batches data, Fit options) {
        return fitAsync(data, options, run -> new Thread(run, "tapeloop-fit-" + RUNS.incrementAndGet()).start());
    }

    /**
     * Trains as {@link #fit} does, to the last bit, while the caller goes on. From now until the run has ended the trainer is
     * in use by it, also as long as the executor has not begun: other calls are refused, but while it is {@link
     * FitHandle#pause paused}. A session that was given to the builder is handed over: no {@link
     * io.github.tapeloop.runtime.TensorScope} may be open.
     *
     * @param data batches with targets; opened once an epoch
     * @param options epochs, validation, callbacks, which are told on the run's thread
     * @param executor where to train: one task, for as long as the run lasts. The interrupt of its thread ends the run
     * @return the run, to be closed by the caller
     * @throws IllegalStateException if the trainer is in use, or its session is or belongs to another thread
     * @throws java.util.concurrent.RejectedExecutionException if the executor does not take it; the trainer is free again
     */
    public FitHandle fitAsync(Batches data, Fit options, Executor executor) {
        Objects.requireNonNull(data, "data: the batches to train on");
        Objects.requireNonNull(options, "options: how to train");
        Objects.requireNonNull(executor, "executor: where to train");
        AsyncFit run = new AsyncFit(hold(), this::isClosing, calls::isInside, begun -> {
            try (Warnings warnings = Warnings.open(true)) {
                return fit(data, options, begun, begun::nanoTime, warnings);
            } finally {
                async = null;
            }
        });
        async = run;
        try {
            session.handOver();
            executor.execute(() -> run.run(session));
        } catch (RuntimeException | Error e) {
            run.withdraw();
            throw e;
        }
        return new FitHandle(run);
    }

    /** Keeps everybody else out, until a run that is about to begin has ended. */
    private Hold hold() {
        requireOutside("fitAsync");
        try (UseLock.Use call = calls.enter("fitAsync")) {
            requireNoRun("fitAsync");
            return calls.hold("fit", null);
        }
    }

    /** Trains on this thread, which is inside. */
    private History fit(
            Batches data,
            Fit options,
            Conductor conductor,
            LongSupplier nanoTime,
            Warnings warnings,
            Optional<RunArchive> archive) {
        Batches train = data;
        boolean isShuffled = data.isShuffled() || options.overfits();
        Optional<Batches> validation = options.validation();
        if (options.validationSplit() > 0) {
            Batches.Split split = data.splitTail(options.validationSplit());
            train = split.train();
            validation = Optional.of(split.validation());
        }
        saved.settle(engine::train, train);
        running = new FitLoop(
                engine,
                train,
                validation,
                options,
                nanoTime,
                conductor,
                warnings,
                () -> new FirstStep(session, plan.precision(), isShuffled),
                archive);
        try {
            return running.fit();
        } finally {
            running = null;
        }
    }

    /**
     * Computes the loss and the metrics over data, without training.
     *
     * @param data batches with targets
     * @return values by name, sorted: {@code loss} and the metrics
     * @throws IllegalArgumentException if there is no batch, or shapes do not fit
     * @throws java.util.concurrent.CancellationException if it was interrupted, or the trainer closed, before the last batch
     */
    public Map<String, Double> evaluate(Batches data) {
        return look("evaluate", () -> {
            saved.settle(engine::test, data);
            Map<String, Double> results = evaluator.evaluate(data, event -> {}, event -> {}, this::isCutShort);
            requireResult(!results.isEmpty(), "evaluate");
            return results;
        });
    }

    /**
     * Computes the model's output for each example, in the order in which the data comes: that of shuffled data is mixed,
     * which is warned of.
     *
     * @param data batches; targets are not looked at
     * @return float32 [examples, …] on the Java heap
     * @throws IllegalArgumentException if there is no batch, shapes do not fit, or the model has several outputs: see
     *     {@link #predictAll}
     * @throws java.util.concurrent.CancellationException if it was interrupted, or the trainer closed, before the last batch
     */
    public FloatNdArray predict(Batches data) {
        return look("predict", () -> {
            Map<String, FloatNdArray> outputs = outputs(data);
            if (outputs.size() != 1) {
                throw new IllegalArgumentException(
                        "The model has the outputs " + outputs.keySet() + ": predict them by predictAll(data)");
            }
            return outputs.values().iterator().next();
        });
    }

    /**
     * Computes the outputs of the model for each example, for models that have several; in order as {@link #predict}.
     *
     * @param data batches; targets are not looked at
     * @return by the name of the output, sorted, {@code output} if it is the only one of a plain {@link Model}: float32
     *     [examples, …] on the Java heap
     * @throws IllegalArgumentException if there is no batch, or shapes do not fit
     * @throws java.util.concurrent.CancellationException if it was interrupted, or the trainer closed, before the last batch
     */
    public Map<String, FloatNdArray> predictAll(Batches data) {
        return look("predictAll", () -> Collections.unmodifiableMap(outputs(data)));
    }

    private Map<String, FloatNdArray> outputs(Batches data) {
        saved.settle(engine::predict, data);
        if (data.isShuffled()) {
            Warnings.warn(
                    Trainer.class,
                    "The data to predict is shuffled: the rows that come out are in the shuffled order, not in that of the"
                            + " data. Predict data that is not: dataset.batch(n) beside dataset.shuffle(k).batch(n) for"
                            + " training");
        }
        Map<String, FloatNdArray> predictions = evaluator.predict(data, this::isCutShort);
        requireResult(!predictions.isEmpty(), "predict");
        return predictions;
    }

    /**
     * Makes a predictor of the model with the weights of this moment, those to evaluate with, as the data that was seen looked
     * like.
     *
     * @return to be closed by the caller; it does without this trainer
     * @throws IllegalStateException if no batch was seen yet
     */
    public Predictor predictor() {
        return predictor(Serving.of());
    }

    /**
     * Makes a predictor of the model with the weights of this moment, those to evaluate with. It predicts what {@link
     * #predict} does, also of a custom step's prediction.
     *
     * @param options what inputs look like, labels
     * @return to be closed by the caller; it does without this trainer
     * @throws IllegalStateException if what inputs look like is not known, or a prediction writes to variables
     */
    public Predictor predictor(Serving options) {
        Objects.requireNonNull(options, "options: how to serve");
        return look("predictor", () -> Predictor.of(engine, saved, options));
    }

    /** The weights of this moment that a graph reads, those to evaluate with; to be closed by the caller. */
    Weights weights(ServedGraph graph) {
        return look("refresh", () -> Predictor.weights(engine, graph));
    }

    /**
     * Takes one step of training.
     *
     * @param batch the batch, which stays the caller's
     * @return the loss and the metrics of this batch alone, by name, sorted
     */
    public Map<String, Double> trainOnBatch(Batch batch) {
        return exclusively("trainOnBatch", warnings -> {
            saved.settle(engine::train, batch);
            engine.weights().toTrain();
            return onBatch(engine.train(), engine.trainScores(), batch);
        });
    }

    /**
     * Evaluates one batch.
     *
     * @param batch the batch, which stays the caller's
     * @return the loss and the metrics of this batch alone, by name, sorted
     */
    public Map<String, Double> testOnBatch(Batch batch) {
        return look("testOnBatch", () -> {
            saved.settle(engine::test, batch);
            engine.weights().toEvaluate();
            return onBatch(engine.test(), engine.testScores(), batch);
        });
    }

    /**
     * Takes one step of training, looks at it, and undoes it: what would go wrong, in one report instead of one exception
     * after the other. It finds ops without a gradient rule, trainable variables that the loss does not reach and the op
     * that cuts the way, shapes and types that do not fit, class numbers out of range, losses and gradients that are not
     * finite or zero throughout, and names that clash in the logs; for compiled steps, also what cannot be traced.
     *
     * <p>The step is taken op by op, several times slower than one of {@link #fit}. Every variable of the session has its
     * value back afterwards; weights that the step makes stay, as the first step of training would have made them.
     *
     * @param batch a batch like those to train on, which stays the caller's
     * @return what was found, and what was looked at; a step that fails is a finding, not an exception
     */
    public Preflight preflight(Batch batch) {
        return exclusively("preflight", warnings -> {
            saved.settle(engine::train, batch);
            return new Trial(engine, plan, batch).run();
        });
    }

    private Map<String, Double> onBatch(Execution step, Scores scores, Batch batch) {
        scores.reset();
        step.run(batch, result -> {});
        return Collections.unmodifiableMap(scores.results());
    }

    /** Takes trainer and session for a call that changes what they hold, and gives them back at its end. */
    private <R> R exclusively(String what, Function<Warnings, R> work) {
        requireOutside(what);
        try (UseLock.Use call = calls.enter(what);
                TapeSession.Use use = session.enter(what);
                Warnings warnings = Warnings.open(what.equals("fit"))) {
            requireNoRun(what);
            return work.apply(warnings);
        }
    }

    private void requireNoRun(String what) {
        if (running != null) {
            throw new IllegalStateException("This trainer has a run that is paused, and " + what
                    + " would change what it goes on with: wait for its end, or close its FitHandle. Meanwhile there are"
                    + " evaluate and predict");
        }
    }

    private void requireOutside(String what) {
        if (calls.isInside()) {
            throw new IllegalStateException("This trainer is in the middle of a call, and " + what
                    + " would change what that works with: wait until it returns. A callback may evaluate and predict");
        }
    }

    /** Takes trainer and session for a call that changes nothing, in the middle of a run as well. */
    private <R> R look(String what, Supplier<R> work) {
        if (calls.isInside()) {
            if (running == null || beside || !running.isAtRest()) {
                throw new IllegalStateException(
                        "This trainer is in the middle of a step, an evaluation or a prediction, and " + what
                                + " cannot begin inside: a callback may evaluate and predict, what a step calls may not");
            }
            return lookBeside(work);
        }
        try (UseLock.Use call = calls.enter(what);
                TapeSession.Use use = session.enter(what);
                Warnings warnings = Warnings.open(false)) {
            return running == null ? result(work) : lookBeside(work);
        }
    }

    private <R> R lookBeside(Supplier<R> work) {
        beside = true;
        try (Aside aside = engine.aside()) {
            return result(work);
        } finally {
            beside = false;
        }
    }

    /** The result of an evaluation or a prediction, which an interrupt can end where it waits for data, too. */
    private <R> R result(Supplier<R> work) {
        try {
            return work.get();
        } catch (DataException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw cutShort(e);
            }
            throw e;
        }
    }

    /** Refuses to go on without a result. */
    private void requireResult(boolean given, String what) {
        if (!given && isCutShort()) {
            throw cutShort(null);
        }
        if (!given) {
            throw new IllegalArgumentException(
                    "The data to " + what + " has no batch: check take, skip and dropRemainder");
        }
    }

    private CutShortException cutShort(DataException cause) {
        return new CutShortException(
                isClosing()
                        ? "This trainer was closed in the middle of the call, which has no result"
                        : "This call was stopped by an interrupt before its last batch, so it has no result. The trainer can be"
                                + " used as before; the flag of the thread stays set",
                cause);
    }

    /** Whether an evaluation or a prediction is to end without a result. */
    private boolean isCutShort() {
        AsyncFit around = async;
        return isClosing() || Thread.currentThread().isInterrupted() || around != null && around.isClosedFromInside();
    }

    /** Whether somebody wants the call that is running to end. */
    private boolean isClosing() {
        return calls.isClosing() || session.isClosing();
    }

    /**
     * The session that model, optimizer and metrics live in.
     *
     * @return the session; closed with this trainer unless it was given to the builder
     */
    public TapeSession session() {
        return session;
    }

    /**
     * The model.
     *
     * @return the model given to {@link #of}
     */
    public Model model() {
        return plan.model();
    }

    /**
     * What will run: the model with its weights, the loss, the optimizer, the metrics, how steps are run, and where.
     *
     * @return several lines of text
     */
    public String describe() {
        return description.text();
    }

    /** All that makes the next step what it is. */
    TrainingState state() {
        return engine.state();
    }

    private void free() {
        if (ownsSession) {
            session.close();
        } else {
            made.close();
        }
    }

    /** {@link #close(Duration)} within 30 seconds. */
    @Override
    public void close() {
        close(CLOSING);
    }

    /**
     * Frees everything native, the model's weights included; of a session that was given to the builder, what this trainer
     * made in it, and neither weights nor the state of optimizers. Any thread may call it at any moment, and twice.
     *
     * <p>A {@link #fit} that is running is asked to stop: it ends after the step in flight, and returns its history with the
     * reason {@code closed}; so does one of {@link #fitAsync}, paused or not, and one that has not begun never begins.
     * Evaluations and predictions throw. Called by another thread, this waits for that. Called from inside, by a callback, it
     * returns at once, and the trainer frees when {@code fit} returns.
     *
     * @param bound how long to wait at most for a call of another thread; afterwards the next op of that call is refused, and
     *     its thread frees when the call ends
     * @throws IllegalStateException if the call has not returned in time; it names the thread and says where it is
     */
    public void close(Duration bound) {
        calls.requestClose();
        AsyncFit last = async;
        if (last != null) {
            last.cancelUnlessBegun();
        }
        calls.close(bound);
    }

    /** Names the model; {@link #describe} says all. */
    @Override
    public String toString() {
        return "Trainer of " + plan.model();
    }
}
