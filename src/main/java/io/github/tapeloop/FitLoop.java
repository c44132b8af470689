package io.github.tapeloop;

import io.github.tapeloop.callback.CallbackList;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TracedGraphs;
import io.github.tapeloop.state.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.proto.GraphDef;

/** The loop over epochs: train, validate, tell the callbacks, and stop when asked. */
final class FitLoop implements Run {

    private static final Logger LOG = LoggerFactory.getLogger(FitLoop.class);
    private static final double NANOS = 1e9;

    private final Trainer trainer;
    private final Fit options;
    private final Batches train;
    private final Optional<Batches> validation;
    private final Optional<Batches> sanity;
    private final CallbackList callbacks;
    private final LongSupplier nanoTime;
    private final List<Event.EpochEnd> epochs = new ArrayList<>();
    private String stopReason;
    private boolean averagesInPlace;
    /** What a dry run must give back. */
    private OptionalDouble rateBefore = OptionalDouble.empty();

    FitLoop(Trainer trainer, Batches train, Optional<Batches> validation, Fit options, LongSupplier nanoTime) {
        this.trainer = trainer;
        this.options = options;
        this.train = options.training(train);
        this.validation = validation.map(options::validating);
        this.sanity = options.sanity(this.validation);
        this.callbacks = new CallbackList(options.callbacks());
        this.nanoTime = nanoTime;
    }

    History fit() {
        return options.isDryRun() ? undone() : run();
    }

    /** A dry run leaves nothing behind in the trainer. */
    private History undone() {
        long stepsBefore = steps();
        try (Snapshot before = snapshot()) {
            try {
                return run();
            } finally {
                before.restore();
                rateBefore.ifPresent(this::setLearningRate);
                trainer.steps().rewind(stepsBefore);
            }
        }
    }

    private History run() {
        Throwable failure = null;
        OptionalLong limit = options.stepsPerEpoch();
        try (EpochBatches data =
                new EpochBatches(train, trainer.seed(), limit, trainer.steps().executionSize())) {
            OptionalLong steps = limit.isPresent() ? limit : train.size();
            callbacks.onTrainBegin(this, new Event.TrainBegin(options.initialEpoch(), options.epochs(), steps));
            sanity.ifPresent(this::checkValidation);
            for (int epoch = options.initialEpoch(); epoch < options.epochs() && !stopsNow(); epoch++) {
                long start = nanoTime.getAsLong();
                callbacks.onEpochBegin(this, new Event.EpochBegin(epoch));
                BatchLoop.Totals done = trainEpoch(data.forEpoch(orderOf(epoch)), limit);
                double trainSeconds = (nanoTime.getAsLong() - start) / NANOS;
                Map<String, Double> logs =
                        new TreeMap<>(trainer.steps().trainScores().results());
                if (validation.isPresent()
                        && options.validatesAfter(epoch)
                        && !Thread.currentThread().isInterrupted()) {
                    validate(validation.get()).forEach((name, value) -> logs.put(Scores.VALIDATION + name, value));
                }
                logs.putAll(callbacks.epochLogs(this, epoch));
                warnUnlessFinite(epoch, logs.get(Scores.LOSS));
                double seconds = (nanoTime.getAsLong() - start) / NANOS;
                epochs.add(new Event.EpochEnd(epoch, logs, done.steps(), done.examples(), seconds, trainSeconds));
                if (!options.isDryRun()) {
                    trainer.trainedOn(orderOf(epoch));
                }
                callbacks.onEpochEnd(this, epochs.get(epochs.size() - 1));
            }
            useAverages(false);
            averaging().forEach(Optimizer::useAverages);
        } catch (RuntimeException | Error e) {
            failure = e;
            throw e;
        } finally {
            end(failure);
        }
        return new History(epochs, stopReason());
    }

    /** The number that an epoch's order of the data depends on: its own, or the next if the trainer had that already. */
    private int orderOf(int epoch) {
        return options.overfits() ? 0 : Math.max(epoch, trainer.nextOrder());
    }

    private BatchLoop.Totals trainEpoch(BatchIterator batches, OptionalLong limit) {
        useAverages(false);
        trainer.optimizers().forEach(Optimizer::swapToTrain);
        trainer.steps().trainScores().reset();
        BatchLoop loop = new BatchLoop(
                trainer.steps().train(train.batchSize()),
                trainer.steps().trainScores(),
                event -> callbacks.onTrainBatchBegin(this, event),
                event -> callbacks.onTrainBatchEnd(this, event),
                this::stopsNow);
        BatchLoop.Totals done = loop.run(batches, limit.orElse(Long.MAX_VALUE));
        trainer.optimizers().forEach(Optimizer::flush);
        trainer.optimizers().forEach(Optimizer::swapToEval);
        if (done.steps() == 0) {
            throw new IllegalArgumentException("The training data has no batch: check take, skip and dropRemainder");
        }
        if (limit.isPresent() && done.steps() < limit.getAsLong() && stopReason == null) {
            LOG.warn("The data ran dry after {} of {} steps of this epoch", done.steps(), limit.getAsLong());
        }
        return done;
    }

    private static void warnUnlessFinite(int epoch, Double loss) {
        if (loss != null && !Double.isFinite(loss)) {
            LOG.warn(
                    "The loss of epoch {} is {}. Is the data scaled to about [-1, 1], the learning rate small enough?"
                            + " A preflight(batch) before fit looks for the op, and TerminateOnNaN ends the run",
                    epoch,
                    loss);
        }
    }

    /** Fails if validation would; nobody hears of it otherwise. */
    private void checkValidation(Batches data) {
        trainer.evaluate(
                data, event -> {}, event -> {}, () -> Thread.currentThread().isInterrupted());
    }

    private Map<String, Double> validate(Batches data) {
        callbacks.onTestBegin(this, new Event.TestBegin());
        Map<String, Double> logs = trainer.evaluate(
                data,
                event -> callbacks.onTestBatchBegin(this, event),
                event -> callbacks.onTestBatchEnd(this, event),
                () -> Thread.currentThread().isInterrupted());
        if (logs.isEmpty()) {
            LOG.warn("The validation data has no batch: nothing was validated");
        }
        callbacks.onTestEnd(this, new Event.TestEnd(logs));
        return logs;
    }

    private boolean stopsNow() {
        if (Thread.currentThread().isInterrupted()) {
            stop("interrupted");
        }
        return stopReason != null;
    }

    /** Tells the end once; a callback that fails then must not hide why the run failed. */
    private void end(Throwable failure) {
        Map<String, Double> last =
                epochs.isEmpty() ? Map.of() : epochs.get(epochs.size() - 1).logs();
        try {
            useAverages(false);
            trainer.optimizers().forEach(Optimizer::swapToEval); // Also where an epoch was cut short by a failure.
            callbacks.onTrainEnd(this, new Event.TrainEnd(last, stopReason(), Optional.ofNullable(failure)));
        } catch (RuntimeException e) {
            if (failure == null) {
                throw e;
            }
            failure.addSuppressed(e);
        }
    }

    @Override
    public void stop(String reason) {
        if (stopReason == null) {
            stopReason = reason;
        }
    }

    @Override
    public Optional<String> stopReason() {
        return Optional.ofNullable(stopReason);
    }

    @Override
    public Model model() {
        return trainer.model();
    }

    @Override
    public boolean hasLearningRate() {
        return trainer.optimizer().isPresent();
    }

    @Override
    public double learningRate() {
        return optimizer().learningRate();
    }

    private Optimizer optimizer() {
        return trainer.optimizer()
                .orElseThrow(() -> new IllegalStateException(
                        "This trainer's step brings its own optimizers, so there is no learning rate: give the builder"
                                + " the one that callbacks may change by optimizer(…)"));
    }

    private List<Optimizer> averaging() {
        return trainer.optimizers().stream().filter(Optimizer::hasAverages).toList();
    }

    @Override
    public void useAverages(boolean inPlace) {
        if (inPlace != averagesInPlace) {
            if (averaging().isEmpty()) {
                throw new IllegalStateException("No optimizer of this trainer averages variables: build one"
                        + " .with(MovingAverage.of(0.99)), and name those that a step brings by includes(…)");
            }
            averaging().forEach(Optimizer::swapAverages);
            averagesInPlace = inPlace;
        }
    }

    @Override
    public void setLearningRate(double learningRate) {
        boolean first = options.isDryRun() && rateBefore.isEmpty();
        OptionalDouble before = first ? OptionalDouble.of(learningRate()) : rateBefore;
        optimizer().setLearningRate(learningRate);
        rateBefore = before;
    }

    @Override
    public long steps() {
        return trainer.steps().taken();
    }

    @Override
    public Optional<Boolean> higherIsBetter(String name) {
        return trainer.steps().trainScores().higherIsBetter(name);
    }

    @Override
    public Snapshot snapshot() {
        return Snapshot.withNewVariables(trainer.session(), trainer.steps().trained());
    }

    @Override
    public Map<String, GraphDef> graphs() {
        return TracedGraphs.of(trainer.session()).byName();
    }
}
