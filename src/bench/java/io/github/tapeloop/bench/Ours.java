package io.github.tapeloop.bench;

import static io.github.tapeloop.layer.Activations.RELU;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Reshape;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import java.io.OutputStream;
import java.io.PrintStream;

/** {@code Trainer.fit}, with its input pipeline. */
final class Ours implements Contestant {

    /** How steps are run. */
    enum Mode {
        EAGER,
        STEP,
        AUTO,
        FULL
    }

    private final Workload workload;
    private final Trainer trainer;
    private final Fit options;

    Ours(Workload workload, Mode mode) {
        this.workload = workload;
        this.trainer = trainer(workload, mode);
        this.options = mode == Mode.FULL ? Fit.epochs(1).callbacks(callbacks()) : Fit.epochs(1);
    }

    static Trainer trainer(Workload workload, Mode mode) {
        TrainerBuilder builder = Trainer.of(model(workload))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(1e-3))
                .seed(1);
        if (!workload.isConvolutional()) { // What ThreadTuning finds on two cores.
            builder.threads(1, 1);
        }
        if (mode != Mode.EAGER) {
            builder.compiled();
        }
        if (mode == Mode.AUTO || mode == Mode.FULL) {
            builder.autoStepsPerExecution();
        }
        if (mode == Mode.FULL) {
            builder.metrics(
                    new SparseCategoricalAccuracy("accuracy1"),
                    new SparseCategoricalAccuracy("accuracy2"),
                    new SparseCategoricalAccuracy("accuracy3"),
                    new Mean("mean1"),
                    new Mean("mean2"));
        }
        return builder.build();
    }

    private static Callback[] callbacks() {
        long[] examples = new long[1];
        return new Callback[] {
            new ProgressBar(new PrintStream(OutputStream.nullOutputStream())),
            Callback.trainBatchEnd((run, event) -> examples[0] += event.examples()),
            Callback.trainBatchEnd((run, event) -> {
                if (event.batch() % 1000 == 0) {
                    event.logs();
                }
            })
        };
    }

    static Model model(Workload workload) {
        return workload.isConvolutional()
                ? Sequential.of(
                        new Reshape(28, 28, 1),
                        new Conv2D(32, 3, RELU),
                        new MaxPool2D(2),
                        new Conv2D(64, 3, RELU),
                        new MaxPool2D(2),
                        new Flatten(),
                        new Dense(128, RELU),
                        new Dense(10))
                : Sequential.of(
                        new Flatten(),
                        new Dense(workload.hidden, RELU),
                        new Dense(workload.hidden, RELU),
                        new Dense(10));
    }

    @Override
    public double microsPerStep(int steps) {
        Batches batches = Workload.data().batch(workload.batch).take(steps).prefetch(4);
        Event.EpochEnd epoch = trainer.fit(batches, options).epochs().get(0);
        return epoch.trainSeconds() * 1e6 / epoch.steps();
    }

    @Override
    public void close() {
        trainer.close();
    }
}
