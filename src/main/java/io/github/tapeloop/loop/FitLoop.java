package io.github.tapeloop.loop;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.DataException;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.execution.ExecutionSize;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.step.Scores;
import io.github.tapeloop.step.Witness;
import io.github.tapeloop.warning.Warnings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loop over epochs: train, validate, tell the callbacks, and stop when asked. */
public final class FitLoop {

    private static final Logger LOG = LoggerFactory.getLogger(FitLoop.class);
    private static final double NANOS = 1e9;

    private final Engine engine;
    private final FitRun run;
    private final Fit options;
    private final Batches train;
    /** Steps an epoch, or empty for all batches. */
    private final OptionalLong limit;

    private final Optional<Batches> validation;
    private final Optional<Batches> sanity;
    private final CallbackList callbacks;
    private final LongSupplier nanoTime;
    private final Evaluator evaluator;
    private final NonFiniteWatch nonFinite;
    private final Warnings warnings;
    private final Supplier<Witness> firstStep;
    private final MonitorCheck monitors;
    private final LearningWatch learning;
    private final List<Event.EpochEnd> epochs = new ArrayList<>();

    /**
     * @param engine what takes the steps
     * @param train the data to train on
     * @param validation the data to validate on after epochs
     * @param nanoTime a clock
     * @param conductor hears of the run, and may hold it up
     * @param warnings collects those of the run
     * @param firstStep makes who looks at the first step
     */
    public FitLoop(
            Engine engine,
            Batches train,
            Optional<Batches> validation,
            Fit options,
            LongSupplier nanoTime,
            Conductor conductor,
            Warnings warnings,
            Supplier<Witness> firstStep) {
        this.engine = engine;
        this.evaluator = new Evaluator(engine);
        this.run = new FitRun(engine, conductor);
        this.nonFinite = new NonFiniteWatch(engine, run, options.onNonFinite());
        this.options = options;
        this.train = options.training(train);
        this.limit = options.stepsPerEpoch();
        this.validation = validation.map(options::validating);
        this.sanity = options.sanity(this.validation);
        this.callbacks = new CallbackList(options.callbacks(), conductor);
        this.nanoTime = nanoTime;
        this.warnings = warnings;
        this.firstStep = firstStep;
        this.learning = new LearningWatch(engine);
        this.monitors = new MonitorCheck(engine.plan(), options.callbacks(), this.validation.isPresent());
    }

    /** Trains as the options say; what cannot come to a good end is refused before it begins. */
    public History fit() {
        monitors.begin();
        validation.ifPresent(data -> engine.requireTestStep());
        warnOfNoValidation();
        if (options.checksFirstStep()) {
            engine.lookAtNextStep(firstStep);
        }
        return options.isDryRun() ? undone() : runEpochs();
    }

    /** Whether the run is between two steps, in a callback or where it is held up: others may look at what it works with. */
    public boolean isAtRest() {
        return callbacks.isTelling() || run.isResting();
    }

    /** A dry run leaves nothing behind in the trainer. */
    private History undone() {
        try (Snapshot before = engine.state().snapshot()) {
            try {
                return runEpochs();
            } finally {
                before.restore();
                run.resetLearningRate();
            }
        }
    }

    private void warnOfNoValidation() {
        boolean due = IntStream.range(options.initialEpoch(), options.epochs()).anyMatch(options::validatesAfter);
        if (validation.isPresent() && !due) {
            Warnings.warn(
                    FitLoop.class,
                    "No epoch of this run is followed by a validation: validationFrequency is longer than the run");
        }
    }

    private History runEpochs() {
        Throwable failure = null;
        try (Ending account = () -> callbacks.withdraw(engine.state());
                Ending weights = this::leaveWeights;
                Ending guard = nonFinite::end;
                EpochBatches data =
                        new EpochBatches(train, engine.session().seed(), limit, executionSize(), nanoTime)) {
            OptionalLong steps = limit.isPresent() ? limit : train.size();
            callbacks.register(engine.state());
            callbacks().onTrainBegin(run, Event.TrainBegin.of(options.initialEpoch(), options.epochs(), steps));
            sanity.ifPresent(this::checkValidation);
            nonFinite.begin();
            data.goOn(options.initialEpoch());
            runAll(data);
            engine.weights().averages(false);
            engine.optimizers().forEach(Optimizer::flush);
            engine.weights().averaging().forEach(Optimizer::useAverages);
        } catch (RuntimeException | Error e) {
            failure = e;
            throw e;
        } finally {
            end(failure);
        }
        NonFiniteWatch.Counts skips = nonFinite.counts();
        return new History(
                epochs, run.stopReason(), skips.skipped(), skips.byLossScale(), skips.rollbacks(), warnings.all());
    }

    /** Whether a callback wants to hear of each step. */
    private boolean stepsSingly() {
        return options.callbacks().stream().anyMatch(Callback::followsEachStep);
    }

    private ExecutionSize executionSize() {
        return stepsSingly() ? ExecutionSize.single() : engine.executionSize();
    }

    private void runAll(EpochBatches data) {
        try {
            run.rest();
            for (int epoch = options.initialEpoch(); epoch < options.epochs() && !run.stopsNow(); epoch++) {
                runEpoch(epoch, data);
            }
        } catch (DataException e) {
            if (!run.stopsNow() || !Thread.currentThread().isInterrupted()) {
                throw e;
            }
            LOG.debug("The interrupt reached the data while it was waited for", e);
        }
    }

    private void runEpoch(int epoch, EpochBatches data) {
        long start = nanoTime.getAsLong();
        callbacks().onEpochBegin(run, Event.EpochBegin.of(epoch));

        int order = orderOf(epoch);
        BatchLoop.Totals done = train(data.forEpoch(order));
        double trainSeconds = secondsSince(start);
        Map<String, Double> logs = new TreeMap<>(engine.trainScores().results());

        Map<String, Double> validated = Map.of();
        if (validation.isPresent() && options.validatesAfter(epoch) && !run.isCutShort()) {
            validated = validate(validation.get());
            validated.forEach((name, value) -> logs.put(Scores.VALIDATION + name, value));
        }
        logs.putAll(callbacks.epochLogs(run, epoch));
        monitors.epochEnds(logs.keySet(), !validated.isEmpty());
        learning.epochEnds(epoch, logs.get(Scores.LOSS));

        Event.EpochEnd end =
                Event.EpochEnd.of(epoch, logs, done.steps(), done.examples(), secondsSince(start), trainSeconds);
        epochs.add(end);
        engine.progress().trainedOn(order);
        callbacks().onEpochEnd(run, end);
        nonFinite.epochEnds(epoch);
        run.rest();
    }

    private double secondsSince(long start) {
        return (nanoTime.getAsLong() - start) / NANOS;
    }

    /** The number that an epoch's order of the data depends on: its own, or the next if the trainer had that already. */
    private int orderOf(int epoch) {
        return options.overfits() ? 0 : Math.max(epoch, engine.progress().nextOrder());
    }

    private BatchLoop.Totals train(BatchIterator batches) {
        engine.weights().averages(false);
        engine.weights().toTrain();
        engine.trainScores().reset();
        BatchLoop loop = new BatchLoop(
                stepsSingly() ? engine.train() : engine.train(train.batchSize()),
                engine.trainScores(),
                event -> callbacks().onTrainBatchBegin(run, event),
                event -> {
                    learning.stepTaken();
                    monitors.stepTaken(engine.trainScores());
                    callbacks().onTrainBatchEnd(run, event);
                },
                () -> {
                    boolean ends = nonFinite.stepEnds();
                    run.rest();
                    return ends | run.stopsNow();
                });
        BatchLoop.Totals done = loop.run(batches, limit.orElse(Long.MAX_VALUE));
        engine.weights().toEvaluate();
        if (done.steps() == 0) {
            throw new IllegalArgumentException("The training data has no batch: check take, skip and dropRemainder");
        }
        if (limit.isPresent()
                && done.steps() < limit.getAsLong()
                && run.stopReason().isEmpty()) {
            Warnings.warn(
                    FitLoop.class,
                    "The data ran dry after " + done.steps() + " of " + limit.getAsLong()
                            + " steps of an epoch: a shorter stepsPerEpoch, or dataset.repeat(…), makes them alike");
        }
        return done;
    }

    /** Fails if validation would; nobody hears of it otherwise. */
    private void checkValidation(Batches data) {
        evaluator.evaluate(data, event -> {}, event -> {}, this::cutsValidation);
    }

    private boolean cutsValidation() {
        run.rest();
        return run.isCutShort();
    }

    private Map<String, Double> validate(Batches data) {
        callbacks().onTestBegin(run, Event.TestBegin.of());
        Map<String, Double> logs = evaluator.evaluate(
                data,
                event -> callbacks().onTestBatchBegin(run, event),
                event -> callbacks().onTestBatchEnd(run, event),
                this::cutsValidation);
        if (logs.isEmpty() && !run.isCutShort()) {
            Warnings.warn(
                    FitLoop.class,
                    "The validation data has no batch, so nothing was validated: check take, skip and dropRemainder");
        }
        callbacks().onTestEnd(run, Event.TestEnd.of(logs));
        return logs;
    }

    /** The callbacks, which have heard what was warned of until now. */
    private CallbackList callbacks() {
        warnings.next().forEach(text -> callbacks.onWarning(run, Event.Warning.of(text)));
        return callbacks;
    }

    /** What has to be done after a failure as well, which it must not hide. */
    private interface Ending extends AutoCloseable {
        @Override
        void close();
    }

    /** Leaves the weights to evaluate with, also where an epoch was cut short by a failure. */
    private void leaveWeights() {
        engine.weights().averages(false);
        engine.weights().toEvaluate();
    }

    /** Tells the end once; a callback that fails then must not hide why the run failed. */
    private void end(Throwable failure) {
        Map<String, Double> last =
                epochs.isEmpty() ? Map.of() : epochs.get(epochs.size() - 1).logs();
        try (Ending told = () ->
                callbacks.onTrainEnd(run, Event.TrainEnd.of(last, run.stopReason(), Optional.ofNullable(failure)))) {
            callbacks();
        } catch (RuntimeException | Error e) {
            if (failure == null) {
                throw e;
            }
            if (failure != e) {
                failure.addSuppressed(e);
            }
        }
    }
}
