package io.github.tapeloop;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CsvLogger;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.ReduceLrOnPlateau;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.callback.SwapEmaWeights;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loop.RunArchive;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.tape.GradientTape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A run that can be killed and goes on: how steps are run, what they do, and what is left when the run has ended. */
final class KillableRun {

    static final int EPOCHS = 4;
    static final int BATCH = 8;

    static final Dataset VALIDATION = Problems.clusters(20);

    /** How steps are run. */
    enum Steps {
        EAGER,
        COMPILED,
        EIGHT_A_CALL,
        AUTO,
        VERIFIED;

        TrainerBuilder of(TrainerBuilder builder) {
            return switch (this) {
                case EAGER -> builder;
                case COMPILED -> builder.compiled();
                case EIGHT_A_CALL -> builder.compiled().stepsPerExecution(8);
                case AUTO -> builder.compiled().autoStepsPerExecution();
                case VERIFIED -> builder.compiled(Compilation.verify(25));
            };
        }

        /** The batches of an epoch, the last of which is smaller: {@link #AUTO} times more than 40 before it decides. */
        Batches data() {
            int examples = (this == AUTO ? 45 : 20) * BATCH - 3;
            return Problems.clusters(examples).shuffle(examples).batch(BATCH).prefetch(2);
        }
    }

    /** What a step does. */
    enum Kind {
        ADAM_WITH_AVERAGES_AND_CLIP {
            @Override
            TrainerBuilder trainer() {
                return usual(new Adam(0.03).with(Clip.globalNorm(1), MovingAverage.of(0.9)));
            }
        },
        SCHEDULE_FREE {
            @Override
            TrainerBuilder trainer() {
                return usual(new ScheduleFreeAdamW(0.03));
            }
        },
        ACCUMULATION {
            @Override
            TrainerBuilder trainer() {
                return usual(new Adam(0.03).with(GradientAccumulation.of(4)));
            }
        },
        MIXED_FLOAT16 {
            @Override
            TrainerBuilder trainer() {
                return usual(new Adam(0.03)).precision(DtypePolicy.MIXED_FLOAT16);
            }
        },
        GAN {
            @Override
            TrainerBuilder trainer() {
                return new Players().trainer();
            }
        };

        abstract TrainerBuilder trainer();

        private static TrainerBuilder usual(Optimizer optimizer) {
            return Problems.trainerOf(Sequential.of(
                            new Dense(8, Activations.RELU),
                            new BatchNormalization(),
                            new Dropout(0.2),
                            new Dense(Problems.CLASSES)))
                    .optimizer(optimizer);
        }
    }

    /** Two players, who read what the other has just become, so that their steps write before their end. */
    private static final class Players {

        private final Model generator = Sequential.of(new Dense(6, Activations.TANH), new Dense(Problems.FEATURES));
        private final Model critic = Sequential.of(new Dense(6, Activations.TANH), new Dense(1));
        private final Optimizer generatorOptimizer = new Adam(0.02);
        private final Optimizer criticOptimizer = new Sgd(0.1);

        private Map<String, Operand<TFloat32>> step(StepContext step, Batch batch) {
            Ops tf = step.tf();
            Operand<TFloat32> noise = noise(step);
            Operand<TFloat32> criticLoss;
            try (GradientTape tape = step.tape()) {
                ForwardPass pass = step.training();
                Operand<TFloat32> fake = critic.call(pass, generator.call(pass, noise));
                Operand<TFloat32> real = critic.call(pass, batch.input(tf));
                criticLoss = tf.math.sub(mean(tf, fake), mean(tf, real));
                criticOptimizer.apply(tf, tape.gradients(criticLoss, critic.trainableVariables()));
            }
            try (GradientTape tape = step.tape()) {
                ForwardPass pass = step.training();
                Operand<TFloat32> loss = tf.math.neg(mean(tf, critic.call(pass, generator.call(pass, noise))));
                generatorOptimizer.apply(tf, tape.gradients(loss, generator.trainableVariables()));
                return Map.of("critic_loss", criticLoss, "loss", loss);
            }
        }

        private static Operand<TFloat32> noise(StepContext step) {
            Ops tf = step.tf();
            return tf.random.statelessRandomNormal(
                    tf.constant(new int[] {BATCH, 2}), step.randomSeed(), TFloat32.class);
        }

        private Map<String, Operand<TFloat32>> test(StepContext step, Batch batch) {
            Ops tf = step.tf();
            ForwardPass pass = step.inference();
            Operand<TFloat32> fake = critic.call(pass, generator.call(pass, noise(step)));
            return Map.of("loss", tf.math.sub(mean(tf, critic.call(pass, batch.input(tf))), mean(tf, fake)));
        }

        private static Operand<TFloat32> mean(Ops tf, Operand<TFloat32> x) {
            return tf.math.mean(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0));
        }

        private TrainerBuilder trainer() {
            return Trainer.of(generator)
                    .step(this::step)
                    .testStep(this::test)
                    .includes(critic, criticOptimizer, generatorOptimizer);
        }
    }

    private KillableRun() {}

    /** What a run has left behind. */
    record Outcome(
            List<String> curve, List<String> history, Map<String, Object> state, String csv, Optional<String> stop) {}

    /**
     * Runs to the end.
     *
     * @param archive where checkpoints go; null for the directory
     * @param more callbacks
     */
    static Outcome run(
            Kind kind, Steps steps, RunArchive archive, Path directory, Checkpoints checkpoints, Callback... more)
            throws IOException {
        Path csv = directory.resolve("log.csv");
        List<String> curve = new ArrayList<>();
        List<Callback> callbacks = new ArrayList<>();
        callbacks.add(Callback.epochEnd((run, event) -> curve.add(event.epoch() + " " + bits(event.logs()))));
        callbacks.add(new Heard(curve));
        callbacks.add(new CsvLogger(csv));
        callbacks.add(new EarlyStopping().patience(1).startFromEpoch(1).restoreBest());
        if (kind != Kind.GAN) { // There is no one learning rate.
            callbacks.add(new ReduceLrOnPlateau().patience(0).minDelta(1));
        }
        if (kind == Kind.ADAM_WITH_AVERAGES_AND_CLIP) {
            callbacks.add(new SwapEmaWeights().swapOnEpoch(true));
        }
        callbacks.addAll(List.of(more));
        Fit fit = Fit.epochs(EPOCHS)
                .validation(VALIDATION.batch(BATCH))
                .callbacks(callbacks.toArray(Callback[]::new))
                .checkpoints(checkpoints);
        try (Trainer trainer = steps.of(kind.trainer().seed(6).threads(1, 1)).build()) {
            Batches data = steps.data();
            History history = archive == null ? trainer.fit(data, fit) : trainer.fit(data, fit, archive);
            Map<String, Object> state = new TreeMap<>(Everything.of(trainer));
            state.remove("loop/execution/steps_per_execution"); // It is timed.
            state.keySet().removeIf(path -> path.startsWith("scores/")); // They are for the next epoch to reset.
            return new Outcome(curve, epochs(history), state, Files.readString(csv), history.stopReason());
        }
    }

    /** Writes down each batch that it hears of, by the steps that were taken. */
    private record Heard(List<String> curve) implements Callback {
        @Override
        public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
            curve.add(run.steps() + " " + event.batch() + " " + bits(event.logs()));
        }
    }

    static String bits(Map<String, Double> logs) {
        Map<String, String> exact = new TreeMap<>();
        logs.forEach((name, value) -> exact.put(name, Double.toHexString(value)));
        return exact.toString();
    }

    static List<String> epochs(History history) {
        return history.epochs().stream()
                .map(end -> end.epoch() + " " + end.steps() + " " + end.examples() + " " + bits(end.logs()))
                .toList();
    }
}
