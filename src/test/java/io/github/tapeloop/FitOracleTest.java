package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.ReduceLrOnPlateau;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;

/** Whole runs of Keras' fit, frozen in fit.txt with their script: the same history and the same weights at the end. */
class FitOracleTest {

    private static final Oracle ORACLE = Oracle.load("fit.txt");
    private static final double TOLERANCE = 2e-5;
    private static final int EPOCHS = 4;

    /** A run: a trainer, the data, and how to fit. */
    private record Run(String name, TrainerBuilder trainer, Dataset data, int batch, Fit fit) {}

    private static float[][] rows(String name) {
        float[] flat = ORACLE.floats(name);
        int width = (int) ORACLE.shape(name).get(1);
        float[][] rows = new float[flat.length / width][width];
        for (int i = 0; i < flat.length; i++) {
            rows[i / width][i % width] = flat[i];
        }
        return rows;
    }

    private static int[] ints(String name) {
        double[] values = ORACLE.values(name);
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return ints;
    }

    private static Dataset labelled(String part) {
        return Dataset.of(rows("data." + part + "x"), ints("data." + part + "labels"));
    }

    private static Dataset weighted(String part) {
        return Dataset.of(new Columns()
                .input(ColumnData.of(rows("data." + part + "x")))
                .target(ColumnData.of(rows("data." + part + "targets")))
                .sampleWeight(ORACLE.floats("data." + part + "weights")));
    }

    private static Dataset named(String part) {
        return Dataset.of(new Columns()
                .input(ColumnData.of(rows("data." + part + "x")))
                .target("kind", ColumnData.of(ints("data." + part + "labels")))
                .target("yes", ColumnData.of(rows("data." + part + "binary"))));
    }

    private static Initializer figure(String name) {
        return (tf, shape, type, seed) ->
                Tensors.cast(tf, tf.constant(shape, DataBuffers.of(ORACLE.values("init." + name))), type);
    }

    private static Dense dense(String name) {
        return filled(new Dense((int) ORACLE.shape("init." + name + ".bias").size()), name);
    }

    private static Dense filled(Dense layer, String name) {
        return layer.kernel(w -> w.initializer(figure(name + ".kernel")))
                .bias(w -> w.initializer(figure(name + ".bias")));
    }

    private static Dense hidden() {
        return filled(new Dense(5, Activations.TANH), "hidden");
    }

    private static Model mlp() {
        return Sequential.of(hidden(), dense("out"));
    }

    /** A body with two heads. */
    private static final class TwoHeads extends MultiModel {
        private final Dense hidden = layer(hidden());
        private final Dense kind = layer(dense("out"));
        private final Dense yes = layer(dense("one"));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> x = hidden.call(pass, inputs.values().iterator().next());
            return Map.of("kind", kind.call(pass, x), "yes", yes.call(pass, x));
        }
    }

    private static TrainerBuilder classes(Model model, Optimizer optimizer) {
        return Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(optimizer)
                .metrics(new SparseCategoricalAccuracy());
    }

    private static Run classified(String name, Optimizer optimizer, int batch, Fit fit) {
        return new Run(name, classes(mlp(), optimizer), labelled(""), batch, fit);
    }

    private static Fit validated(int epochs) {
        return Fit.epochs(epochs).validation(labelled("val.").batch(32));
    }

    private static final List<Supplier<Run>> RUNS = List.of(
            () -> classified("plain", new Adam(0.01), 4, validated(EPOCHS)),
            () -> classified("short_batch", new Adam(0.01), 5, validated(EPOCHS)),
            () -> new Run(
                    "class_weights",
                    classes(mlp(), new Adam(0.01)),
                    labelled("").classWeights(Map.of(0, 1, 1, 3, 2, 0.25)),
                    4,
                    validated(EPOCHS)),
            () -> new Run(
                    "class_weights_binary",
                    Trainer.of(Sequential.of(hidden(), dense("one")))
                            .loss(BinaryCrossentropy.fromLogits())
                            .optimizer(new Sgd(0.1).momentum(0.9)),
                    Dataset.of(rows("data.x"), rows("data.binary")).classWeights(Map.of(0, 0.5, 1, 2)),
                    4,
                    Fit.epochs(EPOCHS)
                            .validation(Dataset.of(rows("data.val.x"), rows("data.val.binary"))
                                    .batch(32))),
            () -> new Run(
                    "sample_weights",
                    Trainer.of(mlp())
                            .loss(new MeanSquaredError())
                            .optimizer(new Adam(0.01))
                            .metrics(Metric.of("mae", new MeanAbsoluteError()))
                            .weightedMetrics(Metric.of("weighted_mae", new MeanAbsoluteError())),
                    weighted(""),
                    5,
                    Fit.epochs(EPOCHS).validation(weighted("val.").batch(32))),
            () -> classified(
                    "validation_split", new Adam(0.01), 3, Fit.epochs(EPOCHS).validationSplit(0.25)),
            () -> classified(
                    "validation_frequency", new Adam(0.01), 4, validated(EPOCHS).validationFrequency(2)),
            () -> classified("accumulation", new Adam(0.01).with(GradientAccumulation.of(4)), 2, validated(EPOCHS)),
            () -> classified("schedule", new Sgd(Schedule.exponentialDecay(0.5, 4, 0.5)), 4, validated(EPOCHS)),
            () -> classified(
                    "accumulation_schedule",
                    new Sgd(Schedule.exponentialDecay(0.5, 4, 0.5)).with(GradientAccumulation.of(4)),
                    2,
                    Fit.epochs(EPOCHS)),
            () -> new Run(
                    "penalties",
                    classes(
                            Sequential.of(
                                    hidden().kernel(w -> w.regularizer(Regularizer.l2(0.01)))
                                            .activityRegularizer(Regularizer.l1(0.01)),
                                    dense("out")),
                            new Adam(0.01)),
                    labelled(""),
                    4,
                    validated(EPOCHS)),
            () -> classified(
                    "plateau",
                    new Sgd(2),
                    4,
                    validated(8)
                            .callbacks(new ReduceLrOnPlateau("loss")
                                    .factor(0.1)
                                    .patience(1)
                                    .minDelta(0.02))),
            () -> classified(
                    "early_stopping",
                    new Sgd(1),
                    4,
                    validated(12)
                            .callbacks(new EarlyStopping("val_loss").patience(2).restoreBest())),
            () -> classified("clipping", new Sgd(0.5).with(Clip.globalNorm(0.1)), 4, validated(EPOCHS)),
            () -> new Run(
                    "masked_steps",
                    Trainer.of(Sequential.of(
                                    new Embedding(6, 4).maskZero(true).embeddings(w -> w.initializer(figure("emb"))),
                                    dense("step")))
                            .loss(new MeanSquaredError())
                            .optimizer(new Sgd(0.5))
                            .metrics(Metric.of("mae", new MeanAbsoluteError())),
                    Dataset.of(new Columns()
                            .input(ColumnData.of(ids()))
                            .target(ColumnData.of(ORACLE.floats("data.steps"), Shape.of(4, 2)))),
                    4,
                    Fit.epochs(EPOCHS)),
            () -> new Run(
                    "normalization",
                    classes(Sequential.of(hidden(), new BatchNormalization(), dense("out")), new Sgd(0.1)),
                    labelled(""),
                    4,
                    validated(EPOCHS)),
            () -> new Run(
                    "two_outputs",
                    Trainer.of(new TwoHeads())
                            .loss("kind", SparseCategoricalCrossentropy.fromLogits())
                            .loss("yes", BinaryCrossentropy.fromLogits(), 0.5)
                            .metrics("kind", new SparseCategoricalAccuracy())
                            .optimizer(new Adam(0.01)),
                    named(""),
                    4,
                    Fit.epochs(EPOCHS).validation(named("val.").batch(3))));

    private static int[][] ids() {
        int[] flat = ints("data.ids");
        int[][] rows = new int[flat.length / 4][4];
        for (int i = 0; i < flat.length; i++) {
            rows[i / 4][i % 4] = flat[i];
        }
        return rows;
    }

    static Stream<Arguments> runs() {
        return Stream.of(Way.values()).flatMap(way -> RUNS.stream()
                .map(run -> Arguments.of(way, run.get().name(), run)));
    }

    @ParameterizedTest(name = "{1} {0}")
    @MethodSource("runs")
    void aRunIsThatOfKeras(Way way, String name, Supplier<Run> made) {
        Run run = made.get();
        try (Trainer trainer = way.of(run.trainer()).threads(1, 1).build()) {
            History history = trainer.fit(run.data().batch(run.batch()), run.fit());
            int curves = 0;
            for (String curve : history.names()) {
                double[] expected = ORACLE.values(name + "." + curve);
                List<Double> values = history.values(curve);
                assertEquals(expected.length, values.size(), curve);
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], values.get(i), tolerance(expected[i]), curve + " of epoch " + (i + 1));
                }
                curves++;
            }
            assertEquals(
                    ORACLE.names().stream()
                            .filter(key -> key.startsWith(name + "."))
                            .filter(key -> !key.contains(".weights."))
                            .count(),
                    curves);
            assertWeights(trainer, name);
            assertEquals(List.of(), history.warnings());
        }
    }

    private static void assertWeights(Trainer trainer, String name) {
        int[] number = {0};
        for (Layer layer : trainer.model().layers().values()) {
            layer.variables().forEach(variable -> {
                double[] expected = ORACLE.values(name + ".weights." + number[0]++);
                double[] values = variable.toDoubles();
                for (int i = 0; i < expected.length; i++) {
                    assertEquals(expected[i], values[i], tolerance(expected[i]), variable.name() + " " + i);
                }
            });
        }
    }

    private static double tolerance(double expected) {
        return TOLERANCE * Math.max(1, Math.abs(expected));
    }
}
