package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.CategoricalAccuracy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Sgd;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;

/** What a beginner does wrong in a first program, and what the message must say, however steps are run. */
class FitMistakesTest {

    record Mistake(String name, Consumer<Mode> program, List<String> words) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final float[][] X = {{1, 2, 3, 4}, {4, 3, 2, 1}};
    private static final float[][] ONE_HOT = {{0, 1, 0}, {1, 0, 0}};
    private static final Dataset CLASSES = Dataset.of(X, new int[] {0, 2});
    private static final Dataset IMAGES = Dataset.of(new float[2][784], new int[] {0, 2});

    private static Mistake mistake(String name, Consumer<Mode> program, String... words) {
        return new Mistake(name, program, List.of(words));
    }

    private static void fit(Mode mode, Batches data, Loss loss, Metric metric, Layer... layers) {
        TrainerBuilder builder = Trainer.of(Sequential.of(layers))
                .loss(loss)
                .optimizer(new Sgd())
                .metrics(metric);
        try (Trainer trainer = mode.of(builder).threads(1, 1).build()) {
            trainer.fit(data, Fit.epochs(1));
        }
    }

    private static void classify(Mode mode, Batches data, Layer... layers) {
        fit(mode, data, SparseCategoricalCrossentropy.fromLogits(), new SparseCategoricalAccuracy(), layers);
    }

    static Stream<Mistake> mistakes() {
        return Stream.of(
                mistake(
                        "one-hot labels with the sparse loss",
                        mode -> classify(mode, Dataset.of(X, ONE_HOT).batch(2), new Dense(3)),
                        "SparseCategoricalCrossentropy",
                        "[2, 3]",
                        "use CategoricalCrossentropy"),
                mistake(
                        "class numbers with the loss for one-hot labels",
                        mode -> fit(
                                mode,
                                CLASSES.batch(2),
                                CategoricalCrossentropy.fromLogits(),
                                new CategoricalAccuracy(),
                                new Dense(3)),
                        "CategoricalCrossentropy",
                        "[2]",
                        "sparse loss"),
                mistake(
                        "targets of a regression with too many columns",
                        mode -> fit(
                                mode,
                                Dataset.of(X, new float[][] {{1, 2}, {3, 4}}).batch(2),
                                new MeanSquaredError(),
                                new BinaryAccuracy(),
                                new Dense(1)),
                        "MeanSquaredError",
                        "[2, 1]",
                        "float32 [2, 2]",
                        "units"),
                mistake(
                        "class numbers with a binary loss",
                        mode -> fit(
                                mode,
                                CLASSES.batch(2),
                                BinaryCrossentropy.fromLogits(),
                                new BinaryAccuracy(),
                                new Dense(3)),
                        "BinaryCrossentropy",
                        "[2, 3]",
                        "int32 [2]",
                        "SparseCategoricalCrossentropy"),
                mistake(
                        "an accuracy for other targets",
                        mode -> fit(
                                mode,
                                CLASSES.batch(2),
                                SparseCategoricalCrossentropy.fromLogits(),
                                new CategoricalAccuracy(),
                                new Dense(3)),
                        "'categorical_accuracy'",
                        "SparseCategoricalAccuracy"),
                mistake(
                        "no flatten before dense",
                        mode -> classify(
                                mode,
                                Dataset.of(new float[72], Shape.of(6, 6, 1), new int[] {0, 1})
                                        .batch(2),
                                new Conv2D(2, 3, Activations.RELU),
                                new Dense(3)),
                        "SparseCategoricalCrossentropy",
                        "[2, 4, 4, 3]",
                        "Flatten"),
                mistake(
                        "vectors into a convolution",
                        mode -> classify(mode, IMAGES.batch(2), new Conv2D(2, 3, Activations.RELU), new Dense(3)),
                        "sequential/conv2d",
                        "float32 [2, 784]",
                        "Reshape"),
                mistake(
                        "too few units for the classes",
                        mode -> classify(mode, CLASSES.batch(2), new Dense(2)),
                        "label value of 2",
                        "[0, 2)",
                        "float32 [2, 2]"),
                mistake("a negative learning rate", mode -> new Adam(-0.1), "learning rate", "-0.1", "at least 0"),
                mistake("a batch size of 0", mode -> CLASSES.batch(0), "batch", "0"),
                mistake("zero units", mode -> new Dense(0), "units of at least 1", "got 0"),
                mistake(
                        "no example",
                        mode -> classify(mode, CLASSES.take(0).batch(2), new Dense(3)),
                        "training data has no batch",
                        "take"),
                mistake(
                        "fewer examples than a batch",
                        mode -> classify(mode, CLASSES.batch(4, true), new Dense(3)),
                        "training data has no batch",
                        "dropRemainder"),
                mistake(
                        "a model in two trainers",
                        mode -> {
                            Model model = Problems.network();
                            try (Trainer first =
                                            mode.of(Problems.trainerOf(model)).build();
                                    Trainer second =
                                            mode.of(Problems.trainerOf(model)).build()) {
                                first.fit(CLASSES.batch(2), Fit.epochs(1));
                                second.fit(CLASSES.batch(2), Fit.epochs(1));
                            }
                        },
                        "sequential",
                        "belongs to another TapeSession",
                        "make a new model"),
                mistake(
                        "a model in a second trainer after the first was closed",
                        mode -> {
                            Model model = Problems.network();
                            try (Trainer first =
                                    mode.of(Problems.trainerOf(model)).build()) {
                                first.fit(CLASSES.batch(2), Fit.epochs(1));
                            }
                            try (Trainer second =
                                    mode.of(Problems.trainerOf(model)).build()) {
                                second.fit(CLASSES.batch(2), Fit.epochs(1));
                            }
                        },
                        "sequential/dense/kernel",
                        "was closed",
                        "Make a new model"),
                mistake(
                        "data without labels",
                        mode -> classify(mode, Dataset.of(X).batch(2), new Dense(3)),
                        "target"),
                mistake("more labels than examples", mode -> Dataset.of(X, new int[] {0, 1, 2}), "2", "3"));
    }

    static Stream<Arguments> inEachMode() {
        return mistakes().flatMap(mistake -> Stream.of(Mode.values()).map(mode -> Arguments.of(mistake, mode)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("inEachMode")
    void theMessageSaysWhatWasExpectedWhatCameAndWhatToDo(Mistake mistake, Mode mode) {
        Throwable thrown =
                assertThrows(RuntimeException.class, () -> mistake.program().accept(mode));
        mistake.words()
                .forEach(word -> assertTrue(thrown.getMessage().contains(word), word + " in " + thrown.getMessage()));
    }
}
