package io.github.tapeloop;

import static io.github.tapeloop.Mistake.CLASSES;
import static io.github.tapeloop.Mistake.ONE_HOT;
import static io.github.tapeloop.Mistake.SIGNS;
import static io.github.tapeloop.Mistake.TWO;
import static io.github.tapeloop.Mistake.X;
import static io.github.tapeloop.Mistake.YES_NO;
import static io.github.tapeloop.Mistake.dead;
import static io.github.tapeloop.Mistake.figure;
import static io.github.tapeloop.Mistake.layers;
import static io.github.tapeloop.Mistake.logits;
import static io.github.tapeloop.Mistake.sparse;
import static io.github.tapeloop.Mistake.to;
import static io.github.tapeloop.Mistake.warned;
import static io.github.tapeloop.Mistake.with;

import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activation;
import io.github.tapeloop.layer.ActivationFunction;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Normalization;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.BinaryFocalCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.CategoricalFocalCrossentropy;
import io.github.tapeloop.loss.CategoricalHinge;
import io.github.tapeloop.loss.Dice;
import io.github.tapeloop.loss.Hinge;
import io.github.tapeloop.loss.KlDivergence;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.MeanSquaredLogarithmicError;
import io.github.tapeloop.loss.Poisson;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.loss.SquaredHinge;
import io.github.tapeloop.metric.Accuracy;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.CategoricalAccuracy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.metric.SparseTopKCategoricalAccuracy;
import java.util.List;

/** Mistakes that train, badly, and are warned of: targets and outputs that do not go with losses and metrics. */
final class WarnedMistakes {

    private WarnedMistakes() {}

    static void addTargets(List<Mistake> all) {
        all.add(warned(
                "labels -1 and 1 in a binary loss",
                with(logits()),
                layers(new Dense(1)),
                to(SIGNS),
                "BinaryCrossentropy expects targets in [0, 1]",
                "[-1, 1]",
                "Hinge"));
        all.add(warned(
                "labels -1 and 1 in a focal loss",
                with(BinaryFocalCrossentropy.fromLogits()),
                layers(new Dense(1)),
                to(SIGNS),
                "BinaryFocalCrossentropy expects targets in [0, 1]"));
        all.add(warned(
                "pixels 0 and 255 as a mask",
                with(new Dice()),
                layers(new Dense(1, Activations.SIGMOID)),
                to(new float[][] {{0}, {255}, {255}, {0}}),
                "Dice expects targets in [0, 1]",
                "[0, 255]"));
        all.add(warned(
                "a one-hot loss of other numbers",
                with(CategoricalCrossentropy.fromLogits()),
                layers(new Dense(3)),
                to(new float[][] {{2, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}}),
                "CategoricalCrossentropy expects targets in [0, 1]"));
        all.add(warned(
                "a divergence from what is no distribution",
                with(new KlDivergence()),
                layers(new Dense(3, Activations.SOFTMAX)),
                to(new float[][] {{2, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}}),
                "KlDivergence expects targets in [0, 1]"));
        for (Loss hinge : List.of(new Hinge(), new SquaredHinge())) {
            all.add(warned(
                    "labels 0 to 2 in " + hinge.name(),
                    with(hinge),
                    layers(new Dense(1)),
                    to(new float[][] {{0}, {2}, {1}, {0}}),
                    "expects targets in [-1, 1]"));
        }
        all.add(warned(
                "counts below 0",
                with(new Poisson()),
                layers(new Dense(1, Activations.SOFTPLUS)),
                to(SIGNS),
                "Poisson expects targets of at least 0"));
        all.add(warned(
                "a logarithm of what has none",
                with(new MeanSquaredLogarithmicError()),
                layers(new Dense(1, Activations.SOFTPLUS)),
                to(new float[][] {{-3}, {1}, {1}, {0}}),
                "MeanSquaredLogarithmicError expects targets of at least -1"));
        all.add(warned(
                "a binary accuracy of labels -1 and 1",
                with(new Hinge(), new BinaryAccuracy()),
                layers(new Dense(1)),
                to(SIGNS),
                "BinaryAccuracy expects targets in [0, 1]"));
        all.add(warned(
                "values that are not finite in the input",
                with(sparse()),
                layers(new Dense(3)),
                Dataset.of(new float[][] {{1, 2}, {Float.NaN, 1}, {1, 1}, {1, 1}}, new int[] {0, 1, 2, 0}),
                "The input of the first batch has values that are not finite",
                "Drop or replace"));
        all.add(warned(
                "values that are not finite in the target",
                with(new MeanSquaredError()),
                layers(new Dense(1)),
                to(new float[][] {{1}, {Float.POSITIVE_INFINITY}, {1}, {1}}),
                "The target of the first batch has values that are not finite"));
    }

    static void addOutputs(List<Mistake> all) {
        all.add(warned(
                "a softmax before a loss of logits",
                with(sparse()),
                layers(new Dense(3, Activations.SOFTMAX)),
                CLASSES,
                "sequential/dense/Softmax",
                "fromLogits() is given probabilities",
                "Take the activation off"));
        all.add(warned(
                "a softmax before a one-hot loss of logits",
                with(CategoricalCrossentropy.fromLogits()),
                layers(new Dense(3, Activations.SOFTMAX)),
                to(ONE_HOT),
                "fromLogits() is given probabilities"));
        all.add(warned(
                "a sigmoid before a loss of logits",
                with(logits()),
                layers(new Dense(1, Activations.SIGMOID)),
                to(YES_NO),
                "sequential/dense/Sigmoid",
                "fromLogits() is given probabilities"));
        for (Loss loss : List.of(BinaryCrossentropy.fromProbabilities(), BinaryFocalCrossentropy.fromProbabilities())) {
            all.add(warned(
                    "logits into " + loss.name(),
                    with(loss),
                    layers(new Dense(1).bias(w -> w.initializer(Initializer.constant(9)))),
                    to(YES_NO),
                    "fromProbabilities() is given numbers in",
                    "fromLogits()"));
        }
        for (Loss loss : List.of(
                CategoricalCrossentropy.fromProbabilities(), CategoricalFocalCrossentropy.fromProbabilities())) {
            all.add(warned(
                    "logits into " + loss.name(),
                    with(loss),
                    layers(new Dense(3)
                            .kernel(w -> w.initializer(Initializer.constant(1)))
                            .bias(w -> w.initializer(figure(9, -9, 1)))),
                    to(ONE_HOT),
                    "fromProbabilities() is given numbers in"));
        }
        all.add(warned(
                "logits into a divergence",
                with(new KlDivergence()),
                layers(new Dense(3).kernel(w -> w.initializer(Initializer.constant(9)))),
                to(ONE_HOT),
                "given numbers in"));
        all.add(warned(
                "an accuracy of probabilities beside a loss of other numbers",
                with(new MeanSquaredError(), new BinaryAccuracy()),
                layers(new Dense(1).bias(w -> w.initializer(Initializer.constant(9)))),
                to(YES_NO),
                "metric 'binary_accuracy' takes probabilities and is given numbers in",
                "fromLogits"));
    }

    /** Classes, of which there is one, and gradients of 0. */
    static void addOneUnit(List<Mistake> all) {
        all.add(warned(
                "a loss of classes with a margin over one unit",
                with(new CategoricalHinge()),
                layers(new Dense(1)),
                to(YES_NO),
                "CategoricalHinge compares classes, and there is one"));
        all.add(warned(
                "an accuracy of classes over one unit",
                with(logits(), new SparseCategoricalAccuracy()),
                layers(new Dense(1)),
                to(YES_NO),
                "metric 'accuracy' compares classes, and there is one",
                "BinaryAccuracy"));
        all.add(warned(
                "an accuracy of one-hot classes over one unit",
                with(logits(), new CategoricalAccuracy()),
                layers(new Dense(1)),
                to(YES_NO),
                "'categorical_accuracy' compares classes"));
        all.add(warned(
                "an accuracy of equal numbers of probabilities",
                with(logits(), new Accuracy()),
                layers(new Dense(1)),
                to(YES_NO),
                "counts predictions that are equal to their targets",
                "BinaryAccuracy"));
        all.add(warned(
                "a softmax over one unit",
                with(BinaryCrossentropy.fromProbabilities()),
                layers(new Dense(1, Activations.SOFTMAX)),
                to(YES_NO),
                "softmax over one class, which is always 1",
                "SIGMOID"));
        all.add(warned(
                "a loss of classes over one unit",
                with(CategoricalCrossentropy.fromLogits()),
                layers(new Dense(1)),
                to(YES_NO),
                "CategoricalCrossentropy compares classes, and there is one"));
        all.add(warned(
                "units that are all dead",
                with(sparse()),
                layers(dead(3), dead(3)),
                CLASSES,
                "Every gradient of the first step is 0",
                "relu below 0"));
        all.add(warned(
                "sample weights of 0",
                with(sparse()),
                layers(new Dense(3)),
                Dataset.of(new Columns()
                        .input(ColumnData.of(X))
                        .target(ColumnData.of(new int[] {0, 1, 2, 0}))
                        .sampleWeight(new float[4])),
                "Every gradient of the first step is 0",
                "sample weights 0"));
    }

    /** A last activation that cannot give what the loss is to see. */
    static void addReaches(List<Mistake> all) {
        float[][] prices = {{10}, {40}, {25}, {-3}};
        for (ActivationFunction activation : List.of(
                Activations.SIGMOID, Activations.TANH, Activations.RELU, Activations.RELU6, Activations.SOFTPLUS)) {
            all.add(warned(
                    "targets beyond an activation, " + all.size(),
                    with(new MeanAbsoluteError()),
                    layers(new Dense(1, activation)),
                    to(prices),
                    "sequential/dense/",
                    "the targets of the first batch lie in [-3.0, 40.0], beyond its reach",
                    "scale the targets"));
        }
        for (ActivationFunction activation : List.of(Activations.RELU, Activations.TANH, Activations.RELU6)) {
            all.add(warned(
                    "logits with a bound, " + all.size(),
                    with(sparse()),
                    layers(new Dense(3, activation)),
                    CLASSES,
                    "sequential/dense/",
                    "a loss made with fromLogits() needs any",
                    "Take the activation off"));
        }
        all.add(warned(
                "a sigmoid over classes that exclude each other",
                with(CategoricalCrossentropy.fromProbabilities()),
                layers(new Dense(3, Activations.SIGMOID)),
                to(ONE_HOT),
                "gives each class a probability of its own",
                "SOFTMAX",
                "BinaryCrossentropy"));
        all.add(warned(
                "two softmaxes",
                with(SparseCategoricalCrossentropy.fromProbabilities()),
                layers(new Dense(3, Activations.SOFTMAX), new Activation(Activations.SOFTMAX)),
                CLASSES,
                "sequential/activation/Softmax",
                "a softmax of what the softmax 'sequential/dense/Softmax' gives"));
    }

    /** What training does without, and parts that do nothing. */
    static void addIdle(List<Mistake> all) {
        Dataset sorted = Dataset.of(
                new float[][] {{1, 2}, {3, 1}, {-1, 0}, {0, 2}, {1, 1}, {2, 2}, {3, 3}, {1, 0}, {4, 4}},
                new int[] {1, 1, 1, 1, 1, 1, 1, 1, 0});
        all.add(new Mistake(
                "sorted classes that nobody shuffles",
                with(sparse()),
                Sequential.of(new Dense(3)),
                sorted.batch(8),
                TWO,
                Mistake.When.WARNED_OF,
                List.of("All 8 targets of the first batch are the same", "shuffle(…)")));
        all.add(new Mistake(
                "sorted classes that are shuffled",
                with(sparse()),
                Sequential.of(new Dense(3)),
                sorted.shuffle(9).batch(8),
                TWO,
                Mistake.When.NO_MISTAKE,
                List.of("another order each epoch")));
        all.add(warned(
                "sample weights that are no numbers",
                with(sparse()),
                layers(new Dense(3)),
                Dataset.of(new Columns()
                        .input(ColumnData.of(X))
                        .target(ColumnData.of(new int[] {0, 1, 2, 0}))
                        .sampleWeight(new float[] {1, Float.NaN, 1, 1})),
                "The sample weights of the first batch have values that are not finite"));
        all.add(warned(
                "a normalization that was not adapted",
                with(sparse()),
                layers(new Normalization(), new Dense(3)),
                CLASSES,
                "sequential/normalization",
                "was not adapted",
                "adapt(…)"));
        all.add(new Mistake(
                "batches of one into a batch normalization",
                with(sparse()),
                Sequential.of(new BatchNormalization(), new Dense(3)),
                CLASSES.batch(1),
                TWO,
                Mistake.When.WARNED_OF,
                List.of("sequential/batch_normalization", "one value for each channel", "dropRemainder")));
        for (Metric metric : List.of(new SparseTopKCategoricalAccuracy(), new SparseTopKCategoricalAccuracy().k(3))) {
            all.add(warned(
                    "the best of all classes, " + all.size(),
                    with(sparse(), metric),
                    layers(new Dense(3)),
                    CLASSES,
                    "best of 3",
                    "it is always 1",
                    "k(…)"));
        }
    }
}
