package io.github.tapeloop;

import io.github.tapeloop.callback.SwapEmaWeights;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.runtime.DtypePolicy;
import java.util.Map;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Runs that have something to lose where they are interrupted: random numbers, averages, weights in another form. */
enum RunKind {
    ADAM,
    AVERAGES,
    AVERAGES_IN_PLACE,
    SCHEDULE_FREE,
    ACCUMULATION,
    FLOAT16,
    ROLL_BACK,
    /** A test step that draws numbers: those of the next validation depend on how often it ran. */
    RANDOM_TEST_STEP;

    static final Batches TRAIN = Problems.clusters(50).shuffle(50).batch(8);
    static final Batches VALIDATION = Problems.batches(12, 5);

    Trainer trainer(Mode mode) {
        Model model = Sequential.of(
                new Dense(8, Activations.RELU),
                new BatchNormalization(),
                new Dropout(0.3),
                new Dense(Problems.CLASSES));
        TrainerBuilder builder = mode.of(Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(optimizer())
                .metrics(new SparseCategoricalAccuracy())
                .threads(1, 1)
                .seed(5));
        if (this == FLOAT16) {
            builder.precision(DtypePolicy.MIXED_FLOAT16);
        }
        if (this == RANDOM_TEST_STEP) {
            builder.testStep((step, batch) -> {
                Ops tf = step.tf();
                ForwardPass pass = step.training();
                return Map.of(
                        "loss",
                        tf.math.mean(pass.call(model, batch.input(tf)), tf.constant(new int[] {0, 1})),
                        "noise",
                        tf.random.statelessRandomNormal(tf.constant(new int[0]), step.randomSeed(), TFloat32.class));
            });
        }
        return builder.build();
    }

    private Optimizer optimizer() {
        return switch (this) {
            case AVERAGES, AVERAGES_IN_PLACE -> new Adam(0.01).with(MovingAverage.of(0.5));
            case SCHEDULE_FREE -> new ScheduleFreeAdamW(0.01);
            case ACCUMULATION -> new Adam(0.01).with(GradientAccumulation.of(3));
            default -> new Adam(0.01);
        };
    }

    Fit fit() {
        Fit fit = Fit.epochs(3).validation(VALIDATION);
        return switch (this) {
            case AVERAGES_IN_PLACE -> fit.callbacks(new SwapEmaWeights().swapOnEpoch(true));
            case ROLL_BACK -> fit.onNonFinite(NonFinite.rollBack(2));
            default -> fit;
        };
    }
}
