package io.github.tapeloop;

import io.github.tapeloop.callback.Event;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TapeSession;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.types.TFloat32;

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
 * at a time; trainers of different threads share nothing. After an exception it can be used again: a step either updates
 * all variables or none.
 */
public final class Trainer implements AutoCloseable {

    private static final BooleanSupplier NEVER = () -> false;

    private final TapeSession session;
    private final boolean ownsSession;
    private final Model model;
    private final Optimizer optimizer;
    private final Scores scores;
    private final Steps steps;
    private final Description description;
    private boolean running;

    private Trainer(Builder builder) {
        this.model = builder.model;
        this.optimizer = builder.optimizer;
        this.scores = new Scores(builder.metrics);
        this.ownsSession = builder.session == null;
        this.session = ownsSession ? builder.openSession() : builder.session;
        this.steps = new Steps(
                session,
                model,
                builder.loss,
                optimizer,
                scores,
                new Steps.Options(builder.compilation, builder.stepsPerExecution));
        this.description = new Description(
                session, model, builder.loss, optimizer, builder.metrics, builder.compilation, steps.executionSize());
    }

    /**
     * Starts the description of a trainer.
     *
     * @param model what to train
     * @return a builder
     */
    public static Builder of(Model model) {
        return new Builder(model);
    }

    /**
     * Trains.
     *
     * @param data batches with targets; opened once an epoch
     * @param options epochs, validation, callbacks
     * @return what happened
     * @throws IllegalArgumentException if there is no batch, or shapes do not fit
     * @throws io.github.tapeloop.callback.CallbackException if a callback throws
     */
    public History fit(Batches data, Fit options) {
        return exclusively(() -> {
            Batches train = data;
            Optional<Batches> validation = options.validation();
            if (options.validationSplit() > 0) {
                Batches.Split split = data.split(options.validationSplit());
                train = split.train();
                validation = Optional.of(split.validation());
            }
            options.stepsPerEpoch()
                    .ifPresent(steps.executionSize()::within); // Refuses one that executions cannot fill.
            return new FitLoop(this, train, validation, options, System::nanoTime).fit();
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
        return exclusively(() -> {
            Map<String, Double> results = evaluate(data, event -> {}, event -> {}, NEVER);
            if (results.isEmpty()) {
                throw new IllegalArgumentException(
                        "The data to evaluate has no batch: check take, skip and dropRemainder");
            }
            return results;
        });
    }

    /** Evaluates with events; the result is empty if there is no batch. */
    Map<String, Double> evaluate(
            Batches data,
            Consumer<Event.BatchBegin> onBegin,
            Consumer<Event.BatchEnd> onEnd,
            BooleanSupplier stopRequested) {
        scores.reset();
        try (BatchIterator batches = data.open(seed(), 0)) {
            BatchLoop loop = new BatchLoop(steps.test(), scores, onBegin, onEnd, stopRequested);
            boolean empty = loop.run(batches, Long.MAX_VALUE).steps() == 0;
            return empty ? Map.of() : Collections.unmodifiableMap(scores.results());
        }
    }

    /**
     * Computes the model's output for each example.
     *
     * @param data batches; targets are not looked at
     * @return float32 [examples, …] on the Java heap
     * @throws IllegalArgumentException if there is no batch, or shapes do not fit
     */
    public FloatNdArray predict(Batches data) {
        return exclusively(() -> {
            Predictions predictions = new Predictions();
            try (BatchIterator batches = data.open(seed(), 0)) {
                while (batches.hasNext()) {
                    try (Batch batch = batches.next()) {
                        steps.predict().run(batch, output -> {
                            session.<TFloat32, Boolean>read(output, tensor -> {
                                predictions.add(tensor);
                                return true;
                            });
                        });
                    }
                }
            }
            return predictions.toArray();
        });
    }

    /**
     * Takes one step of training.
     *
     * @param batch the batch, which stays the caller's
     * @return the loss and the metrics of this batch alone, by name, sorted
     */
    public Map<String, Double> trainOnBatch(Batch batch) {
        return exclusively(() -> onBatch(steps.train(), batch));
    }

    /**
     * Evaluates one batch.
     *
     * @param batch the batch, which stays the caller's
     * @return the loss and the metrics of this batch alone, by name, sorted
     */
    public Map<String, Double> testOnBatch(Batch batch) {
        return exclusively(() -> onBatch(steps.test(), batch));
    }

    private Map<String, Double> onBatch(StepFunction step, Batch batch) {
        scores.reset();
        step.run(batch, result -> {});
        return Collections.unmodifiableMap(scores.results());
    }

    /** Keeps a callback from starting a second loop inside the first, whose metrics it would reset. */
    private <R> R exclusively(Supplier<R> work) {
        if (running) {
            throw new IllegalStateException("This trainer is in the middle of fit, evaluate or predict: wait until it"
                    + " returns, or use a trainer of its own in each thread");
        }
        running = true;
        try {
            return work.get();
        } finally {
            running = false;
        }
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
        return model;
    }

    /**
     * What will run: the model with its weights, the loss, the optimizer, the metrics, how steps are run, and where.
     *
     * @return several lines of text
     */
    public String describe() {
        return description.text();
    }

    Optimizer optimizer() {
        return optimizer;
    }

    Scores scores() {
        return scores;
    }

    Steps steps() {
        return steps;
    }

    long seed() {
        return session.seed();
    }

    /** Frees everything native, the model's weights included, unless the session was given to the builder. */
    @Override
    public void close() {
        if (ownsSession) {
            session.close();
        }
    }

    /** Describes a trainer. */
    public static final class Builder {

        private final Model model;
        private Loss loss;
        private Optimizer optimizer;
        private final List<Metric> metrics = new ArrayList<>();
        private TapeSession session;
        private final TapeSession.Builder sessionOptions = TapeSession.builder();
        private String sessionOption;
        private Compilation compilation;
        private StepsPerExecution stepsPerExecution = StepsPerExecution.of(1);

        private Builder(Model model) {
            this.model = Objects.requireNonNull(model, "model");
        }

        /**
         * What to minimise.
         *
         * @param value a loss or a lambda
         * @return this
         */
        public Builder loss(Loss value) {
            this.loss = Objects.requireNonNull(value, "loss");
            return this;
        }

        /**
         * What updates the weights.
         *
         * @param value an optimizer that no other trainer uses
         * @return this
         */
        public Builder optimizer(Optimizer value) {
            this.optimizer = Objects.requireNonNull(value, "optimizer");
            return this;
        }

        /**
         * What to measure besides the loss.
         *
         * @param more metrics that no other trainer uses, of different names
         * @return this
         */
        public Builder metrics(Metric... more) {
            metrics.addAll(List.of(more));
            return this;
        }

        /**
         * Compiles steps: each is traced into a graph when it first sees a batch and then runs in one native call. Nothing
         * else changes, the loss curve included; only Java code in a model, loss or metric runs while tracing and not
         * again. Off unless called.
         *
         * @return this
         */
        public Builder compiled() {
            return compiled(Compilation.unverified());
        }

        /**
         * Compiles steps as {@link #compiled()} does, with options.
         *
         * @param options such as {@link Compilation#verify}
         * @return this
         */
        public Builder compiled(Compilation options) {
            this.compilation = Objects.requireNonNull(options, "options");
            return this;
        }

        /**
         * Compiles steps to machine code by XLA. The first step of each shape of batch takes seconds; random ops draw other
         * numbers than without XLA. A step with an op that XLA cannot compile fails, naming it.
         *
         * @return this
         */
        public Builder jitCompile() {
            this.compilation = (compilation == null ? Compilation.unverified() : compilation).withJit();
            return this;
        }

        /**
         * Takes several compiled steps in one native call, which spares the cost of calls. Callbacks hear of the last batch of
         * a call only. 1 unless set.
         *
         * @param steps how many, or {@link StepsPerExecution#auto()}
         * @return this
         */
        public Builder stepsPerExecution(StepsPerExecution steps) {
            this.stepsPerExecution = Objects.requireNonNull(steps, "steps");
            return this;
        }

        /**
         * Takes several compiled steps in one native call.
         *
         * @param steps how many, at least 1
         * @return this
         */
        public Builder stepsPerExecution(int steps) {
            return stepsPerExecution(StepsPerExecution.of(steps));
        }

        /**
         * The seed of weights, dropout and shuffling; 0 unless set.
         *
         * @param value any number
         * @return this
         */
        public Builder seed(long value) {
            requireOwnSession("seed");
            sessionOptions.seed(value);
            return this;
        }

        /**
         * TensorFlow's threads, see {@link TapeSession.Builder#threads}: one and one is fastest for small models.
         *
         * @param interOp threads that run ops, 0 for TensorFlow's default
         * @param intraOp threads inside one op, 0 for TensorFlow's default
         * @return this
         */
        public Builder threads(int interOp, int intraOp) {
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
        public Builder device(String name) {
            requireOwnSession("device");
            sessionOptions.device(name);
            return this;
        }

        /**
         * Uses a session of the caller's, with its seed, threads and device, and leaves it open.
         *
         * @param value an open session
         * @return this
         */
        public Builder session(TapeSession value) {
            if (sessionOption != null) {
                throw new IllegalArgumentException("session and " + sessionOption + " exclude each other: set "
                        + sessionOption + " on the session's builder");
            }
            this.session = Objects.requireNonNull(value, "session");
            return this;
        }

        private void requireOwnSession(String option) {
            if (session != null) {
                throw new IllegalArgumentException(
                        option + " and session exclude each other: set " + option + " on the session's builder");
            }
            sessionOption = option;
        }

        private TapeSession openSession() {
            return sessionOptions.build();
        }

        /**
         * Builds the trainer, and opens a session for it unless one was given.
         *
         * @return a trainer, to be closed by the caller
         * @throws IllegalStateException if the loss or the optimizer is missing
         */
        public Trainer build() {
            if (loss == null || optimizer == null) {
                throw new IllegalStateException("A trainer needs a " + (loss == null ? "loss" : "optimizer") + ": call "
                        + (loss == null ? "loss" : "optimizer") + "(…) before build()");
            }
            if (compilation == null && stepsPerExecution.steps() != 1) {
                throw new IllegalStateException("stepsPerExecution needs compiled steps: call compiled() as well");
            }
            if (stepsPerExecution.steps() != 1 && (compilation.verifiedSteps() > 0 || compilation.isJit())) {
                throw new IllegalStateException("stepsPerExecution excludes "
                        + (compilation.isJit() ? "jitCompile: XLA compiles single steps" : "verify: verify first"));
            }
            return new Trainer(this);
        }
    }
}
