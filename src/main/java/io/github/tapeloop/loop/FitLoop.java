package io.github.tapeloop.loop;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.account.Contents;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.DataException;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.execution.Execution;
import io.github.tapeloop.execution.ExecutionSize;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.step.Scores;
import io.github.tapeloop.step.Witness;
import io.github.tapeloop.warning.Warnings;
import java.util.LinkedHashMap;
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
    private final EpochLogs epochs = new EpochLogs();
    private final Place place;
    private final Optional<Saving> saving;
    private final RunParts parts = new RunParts();

    /**
     * @param engine what takes the steps
     * @param train the data to train on
     * @param validation the data to validate on after epochs
     * @param nanoTime a clock
     * @param conductor hears of the run, and may hold it up
     * @param warnings collects those of the run
     * @param firstStep makes who looks at the first step
     * @param archive where checkpoints go, if the options ask for some
     */
    public FitLoop(
            Engine engine,
            Batches train,
            Optional<Batches> validation,
            Fit options,
            LongSupplier nanoTime,
            Conductor conductor,
            Warnings warnings,
            Supplier<Witness> firstStep,
            Optional<RunArchive> archive) {
        this.engine = engine;
        this.evaluator = new Evaluator(engine);
        this.place = new Place(options.initialEpoch(), nanoTime);
        this.run = new FitRun(engine, conductor, place);
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
        this.saving = archive.map(to ->
                new Saving(engine, run, place, epochs, options.checkpoints().orElseThrow(), to, nanoTime));
        this.monitors = new MonitorCheck(engine.plan(), options.callbacks(), this.validation.isPresent());
    }

    /** Trains as the options say; what cannot come to a good end is refused before it begins. */
    public History fit() {
        Saving.refuseWhatIsUndone(options);
        monitors.begin();
        validation.ifPresent(data -> engine.requireTestStep());
        warnOfNoValidation();
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
        try (Ending account = this::withdraw;
                Ending weights = this::leaveWeights;
                Ending guard = nonFinite::end;
                EpochBatches data =
                        new EpochBatches(train, engine.session().seed(), limit, executionSize(), nanoTime)) {
            register(data);
            begin(data);
            runAll(data);
            saving.ifPresent(checkpoints -> checkpoints.end(run.stopReason()));
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
                epochs.all(),
                run.stopReason(),
                skips.skipped(),
                skips.byLossScale(),
                skips.rollbacks(),
                warnings.all());
    }

    private void register(EpochBatches data) {
        Map<String, Stateful> own = new LinkedHashMap<>();
        own.put("warnings", new SaidWarnings(warnings));
        own.put("place", place);
        own.put("data", data);
        own.put("history", epochs);
        own.put("stop", run);
        own.put("not_finite", nonFinite);
        own.put("learning", learning);
        own.put("monitors", monitors);
        parts.register(engine.state(), own);
        callbacks.register(engine.state());
    }

    private void withdraw() {
        callbacks.withdraw(engine.state());
        parts.withdraw(engine.state());
    }

    /** Begins, or goes on where a checkpoint was. */
    private void begin(EpochBatches data) {
        OptionalLong steps = limit.isPresent() ? limit : train.size();
        place.startRun();
        Optional<Contents> saved = saving.flatMap(Saving::latest);
        if (saved.isPresent()) {
            nonFinite.begin();
            try (Contents contents = saved.get()) {
                engine.takeOver(contents, () -> build(data, contents));
            }
            callbacks().onTrainBegin(run, Event.TrainBegin.resumed(place.epoch(), options.epochs(), steps));
        } else {
            if (options.checksFirstStep()) {
                engine.lookAtNextStep(firstStep);
            }
            callbacks().onTrainBegin(run, Event.TrainBegin.of(options.initialEpoch(), options.epochs(), steps));
            sanity.ifPresent(this::checkValidation);
            nonFinite.begin();
            data.goOn(options.initialEpoch());
        }
        saving.ifPresent(Saving::begin);
    }

    /** Makes all variables that a run which goes on has had, by a step on the batch that is next. */
    private void build(EpochBatches data, Contents saved) {
        saved.load("run/place", place::loadState);
        saved.load("run/data", data::loadState);
        int order = place.isOpen() ? place.order() : orderOf(place.epoch());
        try (Warnings old = Warnings.open(true)) { // What looks wrong in this step was said when it was taken first.
            saved.load("run/warnings", new SaidWarnings(old)::loadState);
            data.look(order, place.done().steps(), batch -> engine.build(training(), batch));
        }
    }

    private Execution training() {
        return stepsSingly() ? engine.train() : engine.train(train.batchSize());
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
            run.rest(saving);
            while (place.epoch() < options.epochs() && (place.isOpen() || !run.stopsNow())) {
                runEpoch(data);
            }
        } catch (DataException e) {
            if (!run.stopsNow() || !Thread.currentThread().isInterrupted()) {
                throw e;
            }
            LOG.debug("The interrupt reached the data while it was waited for", e);
        } catch (RuntimeException | Error e) {
            saving.ifPresent(checkpoints -> checkpoints.failed(e));
            throw e;
        }
    }

    private void runEpoch(EpochBatches data) {
        int epoch = place.epoch();
        boolean isContinued = place.isOpen();
        if (!isContinued) {
            place.startTime();
            callbacks().onEpochBegin(run, Event.EpochBegin.of(epoch));
            place.open(orderOf(epoch));
        }
        train(data, isContinued);
        double trainSeconds = place.seconds();
        Map<String, Double> logs = new TreeMap<>(engine.trainScores().results());

        Map<String, Double> validated = Map.of();
        if (validation.isPresent() && options.validatesAfter(epoch) && !run.isCutShort()) {
            validated = validate(validation.get());
            validated.forEach((name, value) -> logs.put(Scores.VALIDATION + name, value));
        }
        boolean isWhole = !run.isCutShort();
        logs.putAll(callbacks.epochLogs(run, epoch));
        monitors.epochEnds(logs.keySet(), !validated.isEmpty());
        learning.epochEnds(epoch, logs.get(Scores.LOSS));

        BatchLoop.Totals done = place.done();
        Event.EpochEnd end =
                Event.EpochEnd.of(epoch, logs, done.steps(), done.examples(), place.seconds(), trainSeconds);
        epochs.add(end);
        engine.progress().trainedOn(place.order());
        callbacks().onEpochEnd(run, end);
        nonFinite.epochEnds(epoch);
        place.close();
        run.rest(saving);
        boolean isLast = place.epoch() == options.epochs() || run.stopReason().isPresent();
        saving.ifPresent(checkpoints -> checkpoints.epochEnds(end, isLast, isWhole));
    }

    /** Between two steps: true if no other is to be taken. */
    private boolean stepsEnd(EpochBatches data, BatchLoop.Totals done) {
        data.taken(place.reach(done));
        nonFinite.stepEnds();
        run.rest(saving);
        saving.ifPresent(checkpoints -> checkpoints.stepsEnd(run.isCutShort()));
        return run.stopsNow();
    }

    /** The number that an epoch's order of the data depends on: its own, or the next if the trainer had that already. */
    private int orderOf(int epoch) {
        return options.overfits() ? 0 : Math.max(epoch, engine.progress().nextOrder());
    }

    /** @param isContinued whether the epoch goes on in the middle, all being as it was left */
    private void train(EpochBatches data, boolean isContinued) {
        if (!isContinued) {
            engine.weights().averages(false);
            engine.weights().toTrain();
            engine.trainScores().reset();
        }
        saving.ifPresent(Saving::epochBegins);
        if (!isContinued || run.stopReason().isEmpty()) { // It may have been the last step, with all decided.
            BatchLoop loop = new BatchLoop(
                    training(),
                    engine.trainScores(),
                    event -> callbacks().onTrainBatchBegin(run, event),
                    event -> {
                        learning.stepTaken();
                        monitors.stepTaken(engine.trainScores());
                        callbacks().onTrainBatchEnd(run, event);
                    },
                    done -> stepsEnd(data, done));
            BatchIterator batches = data.forEpoch(place.order(), place.done().steps());
            loop.run(batches, limit.orElse(Long.MAX_VALUE), place.done());
        }
        saving.ifPresent(Saving::stepsOver);
        engine.weights().toEvaluate();
        warnOfFewSteps();
    }

    private void warnOfFewSteps() {
        long steps = place.done().steps();
        if (steps == 0) {
            throw new IllegalArgumentException("The training data has no batch: check take, skip and dropRemainder");
        }
        if (limit.isPresent() && steps < limit.getAsLong() && run.stopReason().isEmpty()) {
            Warnings.warn(
                    FitLoop.class,
                    "The data ran dry after " + steps + " of " + limit.getAsLong()
                            + " steps of an epoch: a shorter stepsPerEpoch, or dataset.repeat(…), makes them alike");
        }
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
        Map<String, Double> last = epochs.last();
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
