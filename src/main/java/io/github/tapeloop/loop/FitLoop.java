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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
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
    private final List<Event.EpochEnd> epochs = new ArrayList<>();

    /**
     * @param engine what takes the steps
     * @param train the data to train on
     * @param validation the data to validate on after epochs
     * @param nanoTime a clock
     * @param closing whether somebody wants to close what the run works with
     */
    public FitLoop(
            Engine engine,
            Batches train,
            Optional<Batches> validation,
            Fit options,
            LongSupplier nanoTime,
            BooleanSupplier closing) {
        this.engine = engine;
        this.evaluator = new Evaluator(engine);
        this.run = new FitRun(engine, closing);
        this.nonFinite = new NonFiniteWatch(engine, run, options.onNonFinite());
        this.options = options;
        this.train = options.training(train);
        this.limit = options.stepsPerEpoch();
        this.validation = validation.map(options::validating);
        this.sanity = options.sanity(this.validation);
        this.callbacks = new CallbackList(options.callbacks());
        this.nanoTime = nanoTime;
    }

    /** Trains as the options say. */
    public History fit() {
        return options.isDryRun() ? undone() : runEpochs();
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

    private History runEpochs() {
        Throwable failure = null;
        try (Ending account = () -> callbacks.withdraw(engine.state());
                Ending weights = this::leaveWeights;
                Ending guard = nonFinite::end;
                EpochBatches data =
                        new EpochBatches(train, engine.session().seed(), limit, executionSize(), nanoTime)) {
            OptionalLong steps = limit.isPresent() ? limit : train.size();
            callbacks.register(engine.state());
            callbacks.onTrainBegin(run, Event.TrainBegin.of(options.initialEpoch(), options.epochs(), steps));
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
        return new History(epochs, run.stopReason(), skips.skipped(), skips.byLossScale(), skips.rollbacks());
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
        callbacks.onEpochBegin(run, Event.EpochBegin.of(epoch));

        int order = orderOf(epoch);
        BatchLoop.Totals done = train(data.forEpoch(order));
        double trainSeconds = secondsSince(start);
        Map<String, Double> logs = new TreeMap<>(engine.trainScores().results());

        if (options.validatesAfter(epoch) && !run.isCutShort()) {
            validation
                    .map(this::validate)
                    .ifPresent(results -> results.forEach((name, value) -> logs.put(Scores.VALIDATION + name, value)));
        }
        logs.putAll(callbacks.epochLogs(run, epoch));
        warnUnlessFinite(epoch, logs.get(Scores.LOSS));

        Event.EpochEnd end =
                Event.EpochEnd.of(epoch, logs, done.steps(), done.examples(), secondsSince(start), trainSeconds);
        epochs.add(end);
        engine.progress().trainedOn(order);
        callbacks.onEpochEnd(run, end);
        nonFinite.epochEnds(epoch);
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
                event -> callbacks.onTrainBatchBegin(run, event),
                event -> callbacks.onTrainBatchEnd(run, event),
                () -> nonFinite.stepEnds() | run.stopsNow());
        BatchLoop.Totals done = loop.run(batches, limit.orElse(Long.MAX_VALUE));
        engine.weights().toEvaluate();
        if (done.steps() == 0) {
            throw new IllegalArgumentException("The training data has no batch: check take, skip and dropRemainder");
        }
        if (limit.isPresent()
                && done.steps() < limit.getAsLong()
                && run.stopReason().isEmpty()) {
            LOG.warn("The data ran dry after {} of {} steps of this epoch", done.steps(), limit.getAsLong());
        }
        return done;
    }

    private static void warnUnlessFinite(int epoch, Double loss) {
        if (loss != null && !Double.isFinite(loss)) {
            LOG.warn(
                    "The loss of epoch {} is {}. Is the data scaled to about [-1, 1], the learning rate small enough?"
                            + " A preflight(batch) before fit looks for the op; Fit.onNonFinite(…) skips such steps, goes back or"
                            + " stops",
                    epoch,
                    loss);
        }
    }

    /** Fails if validation would; nobody hears of it otherwise. */
    private void checkValidation(Batches data) {
        evaluator.evaluate(data, event -> {}, event -> {}, run::isCutShort);
    }

    private Map<String, Double> validate(Batches data) {
        callbacks.onTestBegin(run, Event.TestBegin.of());
        Map<String, Double> logs = evaluator.evaluate(
                data,
                event -> callbacks.onTestBatchBegin(run, event),
                event -> callbacks.onTestBatchEnd(run, event),
                run::isCutShort);
        if (logs.isEmpty() && !run.isCutShort()) {
            LOG.warn("The validation data has no batch: nothing was validated");
        }
        callbacks.onTestEnd(run, Event.TestEnd.of(logs));
        return logs;
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
        try {
            callbacks.onTrainEnd(run, Event.TrainEnd.of(last, run.stopReason(), Optional.ofNullable(failure)));
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
