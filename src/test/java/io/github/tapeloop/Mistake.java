package io.github.tapeloop;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/**
 * A mistake of a first day.
 *
 * @param words what is said, or why nothing is
 */
record Mistake(
        String name,
        UnaryOperator<TrainerBuilder> trainer,
        Sequential model,
        Batches data,
        Fit fit,
        When when,
        List<String> words) {

    /** When something is said. */
    enum When {
        /** An exception, and no step was taken. */
        BEFORE_THE_FIRST_STEP,
        /** An exception of a step. */
        IN_THE_FIRST_STEP,
        /** A warning of the history. */
        WARNED_OF,
        /** What it does is right. */
        NO_MISTAKE
    }

    static final float[][] X = {{1, 2}, {3, 1}, {-1, 0}, {0, 2}};
    static final float[][] YES_NO = {{0}, {1}, {1}, {0}};
    static final float[][] SIGNS = {{-1}, {1}, {1}, {-1}};
    static final float[][] ONE_HOT = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}};
    static final Dataset CLASSES = Dataset.of(X, new int[] {0, 1, 2, 0});
    static final Fit TWO = Fit.epochs(2);

    static UnaryOperator<TrainerBuilder> with(Loss loss, Metric... metrics) {
        return builder -> builder.loss(loss).optimizer(new Sgd(0.1)).metrics(metrics);
    }

    static UnaryOperator<TrainerBuilder> optimizing(Optimizer optimizer) {
        return builder -> builder.loss(new MeanSquaredError()).optimizer(optimizer);
    }

    static Mistake mistake(
            String name,
            UnaryOperator<TrainerBuilder> trainer,
            Layer[] layers,
            Dataset data,
            Fit fit,
            When when,
            String... words) {
        return new Mistake(name, trainer, Sequential.of(layers), data.batch(4), fit, when, List.of(words));
    }

    static Mistake warned(
            String name, UnaryOperator<TrainerBuilder> trainer, Layer[] layers, Dataset data, String... words) {
        return mistake(name, trainer, layers, data, TWO, When.WARNED_OF, words);
    }

    static Layer[] layers(Layer... layers) {
        return layers;
    }

    static Dataset to(float[][] targets) {
        return Dataset.of(X, targets);
    }

    static Loss logits() {
        return BinaryCrossentropy.fromLogits();
    }

    static Loss sparse() {
        return SparseCategoricalCrossentropy.fromLogits();
    }

    static Initializer figure(float... values) {
        return (tf, shape, type, seed) -> tf.constant(values);
    }

    static Dense dead(int units) {
        return new Dense(units, Activations.RELU).bias(w -> w.initializer(Initializer.constant(-99)));
    }

    static Dataset ints(int[][] x) {
        return Dataset.of(new Columns().input(ColumnData.of(x)).target(ColumnData.of(new int[] {0, 1, 2, 0})));
    }

    /** A step of the user's that knows the loss of the target only. */
    static TrainerBuilder ownStep(TrainerBuilder builder, boolean total) {
        Optimizer sgd = new Sgd(0.1);
        Loss mse = new MeanSquaredError();
        return builder.optimizer(sgd).step((step, batch) -> {
            try (GradientTape tape = step.tape()) {
                ForwardPass pass = step.training();
                Sequential model = OWN.get();
                Operand<TFloat32> y = pass.call(model, batch.input(step.tf()));
                Operand<TFloat32> loss = mse.call(step.tf(), batch.target(step.tf()), y);
                loss = total ? pass.totalLoss(loss) : loss;
                step.minimize(sgd, tape, loss, model.trainableVariables());
                return Map.of("loss", loss);
            }
        });
    }

    /** The model of the row that is tried. */
    static final ThreadLocal<Sequential> OWN = new ThreadLocal<>();

    static Layer[] penalized() {
        return layers(new Dense(1).kernel(w -> w.regularizer(Regularizer.l2(10))));
    }
}
