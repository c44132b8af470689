package io.github.tapeloop;

import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.execution.Execution;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.lifetime.UseLock;
import io.github.tapeloop.loop.DirectoryArchive;
import io.github.tapeloop.loop.Evaluator;
import io.github.tapeloop.loop.FitLoop;
import io.github.tapeloop.loop.RunArchive;
import io.github.tapeloop.loop.SavedState;
import io.github.tapeloop.preflight.FirstStep;
import io.github.tapeloop.preflight.Trial;
import io.github.tapeloop.runtime.Owner;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.step.Plan;
import io.github.tapeloop.step.Scores;
import io.github.tapeloop.warning.Warnings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.tensorflow.ndarray.FloatNdArray;

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
 */
public final class Trainer implements AutoCloseable {

    private static final Duration CLOSING = Duration.ofSeconds(30);

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
        return exclusively("fit", warnings -> {
            try (RunArchive archive = options.checkpoints()
                    .map(checkpoints -> open(checkpoints, data, options))
                    .orElse(null)) {
                return fit(data, options, warnings, Optional.ofNullable(archive));
            }
        });
    }

    private RunArchive open(Checkpoints checkpoints, Batches data, Fit options) {
        return DirectoryArchive.open(
                checkpoints, description.fingerprint(data, options), describe(), engine.trainScores()::higherIsBetter);
    }

    /** @param archive where checkpoints go */
    History fit(Batches data, Fit options, RunArchive archive) {
        return exclusively("fit", warnings -> fit(data, options, warnings, Optional.of(archive)));
    }

    private History fit(Batches data, Fit options, Warnings warnings, Optional<RunArchive> archive) {
        Batches train = data;
        Optional<Batches> validation = options.validation();
        if (options.validationSplit() > 0) {
            Batches.Split split = data.splitTail(options.validationSplit());
            train = split.train();
            validation = Optional.of(split.validation());
        }
        saved.settle(engine::train, train);
        return new FitLoop(
                        engine,
                        train,
                        validation,
                        options,
                        System::nanoTime,
                        this::isClosing,
                        warnings,
                        () -> new FirstStep(session, plan.precision()),
                        archive)
                .fit();
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
     * the model has not been called yet and so has no weights, when the next call sees its first batch.
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
     * Computes the loss and the metrics over data, without training.
     *
     * @param data batches with targets
     * @return values by name, sorted: {@code loss} and the metrics
     * @throws IllegalArgumentException if there is no batch, or shapes do not fit
     */
    public Map<String, Double> evaluate(Batches data) {
        return exclusively("evaluate", warnings -> {
            saved.settle(engine::test, data);
            Map<String, Double> results = evaluator.evaluate(data, event -> {}, event -> {}, this::isClosing);
            requireNotClosing();
            if (results.isEmpty()) {
                throw new IllegalArgumentException(
                        "The data to evaluate has no batch: check take, skip and dropRemainder");
            }
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
     */
    public FloatNdArray predict(Batches data) {
        return exclusively("predict", warnings -> {
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
     */
    public Map<String, FloatNdArray> predictAll(Batches data) {
        return exclusively("predictAll", warnings -> Collections.unmodifiableMap(outputs(data)));
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
        Map<String, FloatNdArray> predictions = evaluator.predict(data, this::isClosing);
        requireNotClosing();
        if (predictions.isEmpty()) {
            throw new IllegalArgumentException("The data to predict has no batch: check take, skip and dropRemainder");
        }
        return predictions;
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
        return exclusively("testOnBatch", warnings -> {
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

    /**
     * Takes trainer and session for a call, and gives them back at its end. A callback must not start a second loop inside
     * the first, whose metrics it would reset.
     */
    private <R> R exclusively(String what, Function<Warnings, R> work) {
        if (calls.isInside()) {
            throw new IllegalStateException("This trainer is in the middle of fit, evaluate or predict: wait until it"
                    + " returns. A callback finds scores in its events: give fit a validation(…)");
        }
        try (UseLock.Use call = calls.enter(what);
                TapeSession.Use use = session.enter(what);
                Warnings warnings = Warnings.open(what.equals("fit"))) {
            return work.apply(warnings);
        }
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

    private void requireNotClosing() {
        if (isClosing()) {
            throw new IllegalStateException("This trainer was closed in the middle of the call, which has no result");
        }
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
     * reason {@code closed}; evaluations and predictions throw. Called by another thread, this waits for that. Called from
     * inside, by a callback, it returns at once, and the trainer frees when {@code fit} returns.
     *
     * @param bound how long to wait at most for a call of another thread; afterwards the next op of that call is refused, and
     *     its thread frees when the call ends
     * @throws IllegalStateException if the call has not returned in time; it names the thread and says where it is
     */
    public void close(Duration bound) {
        calls.close(bound);
    }
}
