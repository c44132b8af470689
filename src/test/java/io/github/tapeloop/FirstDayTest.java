package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.ReduceLrOnPlateau;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Regularizer;
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
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.MeanSquaredLogarithmicError;
import io.github.tapeloop.loss.Poisson;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.loss.SquaredHinge;
import io.github.tapeloop.metric.Accuracy;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.CategoricalAccuracy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.Recall;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** The mistakes of a first day: what is said of each, when, and the cure; or why nothing is. The same in each way to run steps. */
class FirstDayTest {

    /** When something is said. */
    private enum When {
        /** An exception, and no step was taken. */
        BEFORE_THE_FIRST_STEP,
        /** An exception of a step. */
        IN_THE_FIRST_STEP,
        /** A warning of the history. */
        WARNED_OF,
        /** What it does is right. */
        NO_MISTAKE
    }

    /**
     * A mistake.
     *
     * @param words what is said, or why nothing is
     */
    private record Mistake(
            String name,
            UnaryOperator<TrainerBuilder> trainer,
            Sequential model,
            Batches data,
            Fit fit,
            When when,
            List<String> words) {}

    private static final float[][] X = {{1, 2}, {3, 1}, {-1, 0}, {0, 2}};
    private static final float[][] YES_NO = {{0}, {1}, {1}, {0}};
    private static final float[][] SIGNS = {{-1}, {1}, {1}, {-1}};
    private static final float[][] ONE_HOT = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}};
    private static final Dataset CLASSES = Dataset.of(X, new int[] {0, 1, 2, 0});
    private static final Fit TWO = Fit.epochs(2);

    private static UnaryOperator<TrainerBuilder> with(Loss loss, Metric... metrics) {
        return builder -> builder.loss(loss).optimizer(new Sgd(0.1)).metrics(metrics);
    }

    private static UnaryOperator<TrainerBuilder> optimizing(Optimizer optimizer) {
        return builder -> builder.loss(new MeanSquaredError()).optimizer(optimizer);
    }

    private static Mistake mistake(
            String name,
            UnaryOperator<TrainerBuilder> trainer,
            Layer[] layers,
            Dataset data,
            Fit fit,
            When when,
            String... words) {
        return new Mistake(name, trainer, Sequential.of(layers), data.batch(4), fit, when, List.of(words));
    }

    private static Mistake warned(
            String name, UnaryOperator<TrainerBuilder> trainer, Layer[] layers, Dataset data, String... words) {
        return mistake(name, trainer, layers, data, TWO, When.WARNED_OF, words);
    }

    private static Layer[] layers(Layer... layers) {
        return layers;
    }

    private static Dataset to(float[][] targets) {
        return Dataset.of(X, targets);
    }

    private static Loss logits() {
        return BinaryCrossentropy.fromLogits();
    }

    private static Loss sparse() {
        return SparseCategoricalCrossentropy.fromLogits();
    }

    private static Initializer figure(float... values) {
        return (tf, shape, type, seed) -> tf.constant(values);
    }

    private static Dense dead(int units) {
        return new Dense(units, Activations.RELU).bias(w -> w.initializer(Initializer.constant(-99)));
    }

    private static Dataset ints(int[][] x) {
        return Dataset.of(new Columns().input(ColumnData.of(x)).target(ColumnData.of(new int[] {0, 1, 2, 0})));
    }

    /** A step of the user's that knows the loss of the target only. */
    private static TrainerBuilder ownStep(TrainerBuilder builder, boolean total) {
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
    private static final ThreadLocal<Sequential> OWN = new ThreadLocal<>();

    private static Layer[] penalized() {
        return layers(new Dense(1).kernel(w -> w.regularizer(Regularizer.l2(10))));
    }

    private static void addRefused(List<Mistake> all) {
        all.add(mistake(
                "labels from 1 on",
                with(sparse()),
                layers(new Dense(3)),
                Dataset.of(X, new int[] {1, 2, 3, 1}),
                TWO,
                When.IN_THE_FIRST_STEP,
                "label value of 3",
                "[0, 3)",
                "Count classes from 0",
                "as many units as there are classes"));
        all.add(mistake(
                "an id that no embedding has",
                with(sparse()),
                layers(new Embedding(7, 2), new Flatten(), new Dense(3)),
                ints(new int[][] {{1, 2}, {3, 999}, {5, 6}, {0, 0}}),
                TWO,
                When.IN_THE_FIRST_STEP,
                "sequential/embedding",
                "999",
                "[0, 7)",
                "inputDim"));
        all.add(mistake(
                "whole numbers into Dense",
                with(sparse()),
                layers(new Dense(3)),
                ints(new int[][] {{1, 2}, {3, 9}, {5, 6}, {0, 0}}),
                TWO,
                When.IN_THE_FIRST_STEP,
                "sequential/dense",
                "int32 [4, 2]",
                "cast it to float32",
                "Embedding"));
        all.add(mistake(
                "a value read in the model",
                with(sparse()),
                layers(
                        new Dense(3),
                        new Lambda((pass, x) -> x.asTensor().shape().size() > 0 ? x : x)),
                CLASSES,
                TWO,
                When.IN_THE_FIRST_STEP,
                "reads a value",
                "compiled",
                "ops of tf"));
        all.add(mistake(
                "a monitor with another name",
                with(sparse(), new SparseCategoricalAccuracy()),
                layers(new Dense(3)),
                CLASSES,
                TWO.validation(CLASSES.batch(4)).callbacks(new EarlyStopping("val_acc")),
                When.BEFORE_THE_FIRST_STEP,
                "EarlyStopping",
                "'val_acc'",
                "val_accuracy",
                "Is 'val_accuracy' meant?"));
        all.add(mistake(
                "a monitor as Keras names it",
                with(sparse(), new SparseCategoricalAccuracy()),
                layers(new Dense(3)),
                CLASSES,
                TWO.validation(CLASSES.batch(4)).callbacks(new ReduceLrOnPlateau("sparse_categorical_accuracy")),
                When.BEFORE_THE_FIRST_STEP,
                "ReduceLrOnPlateau",
                "Is 'accuracy' meant?"));
        all.add(mistake(
                "a monitor of a validation that is not there",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO.callbacks(new EarlyStopping()),
                When.BEFORE_THE_FIRST_STEP,
                "'val_loss'",
                "there is no validation",
                "validation(…)"));
        all.add(mistake(
                "a validation without a test step",
                builder -> ownStep(builder, true),
                layers(new Dense(1)),
                to(YES_NO),
                TWO.validation(to(YES_NO).batch(4)),
                When.BEFORE_THE_FIRST_STEP,
                "step of its own",
                "cannot evaluate",
                "testStep(…)"));
        all.add(mistake(
                "no example",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES.take(0),
                TWO,
                When.BEFORE_THE_FIRST_STEP,
                "no batch",
                "take"));
        all.add(mistake(
                "all layers frozen",
                with(sparse()),
                layers(new Dense(3).trainable(false)),
                CLASSES,
                TWO,
                When.IN_THE_FIRST_STEP,
                "no trainable variables",
                "frozen"));
    }

    private static void addTargets(List<Mistake> all) {
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

    private static void addOutputs(List<Mistake> all) {
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

    private static void addRuns(List<Mistake> all) {
        all.add(warned(
                "losses of layers that a step leaves out",
                builder -> ownStep(builder, false),
                penalized(),
                to(YES_NO),
                "leaves out what layers have added to the loss",
                "pass.totalLoss(loss)"));
        all.add(warned(
                "a metric that a step does not feed",
                builder -> ownStep(builder, true).metrics(new BinaryAccuracy()),
                layers(new Dense(1)),
                to(YES_NO),
                "not updated the metrics [binary_accuracy]",
                "metric.update"));
        all.add(mistake(
                "an empty validation",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO.validation(CLASSES.take(0).batch(4)),
                When.WARNED_OF,
                "validation data has no batch",
                "take"));
        all.add(mistake(
                "a validation that is never due",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO.validation(CLASSES.batch(4)).validationFrequency(3),
                When.WARNED_OF,
                "No epoch of this run is followed by a validation",
                "validationFrequency"));
        all.add(mistake(
                "epochs longer than the data",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO.stepsPerEpoch(3),
                When.WARNED_OF,
                "ran dry after 1 of 3 steps",
                "repeat"));
        all.add(mistake(
                "a learning rate far too large",
                optimizing(new Sgd(1e3)),
                layers(new Dense(1)),
                to(YES_NO),
                Fit.epochs(4),
                When.WARNED_OF,
                "The loss has grown from",
                "LearningRateFinder"));
        all.add(mistake(
                "a learning rate beyond all",
                optimizing(new Sgd(1e30)),
                layers(new Dense(1)),
                to(YES_NO),
                Fit.epochs(4),
                When.WARNED_OF,
                "The loss of epoch",
                "learning rate small enough"));
        all.add(mistake(
                "a learning rate of 0",
                optimizing(new Sgd(0)),
                layers(new Dense(1)),
                to(YES_NO),
                TWO,
                When.WARNED_OF,
                "The learning rate is 0"));
    }

    private static void addNone(List<Mistake> all) {
        all.add(mistake(
                "metrics of probabilities beside a loss of logits",
                with(logits(), new BinaryAccuracy(), new Recall()),
                layers(new Dense(1).bias(w -> w.initializer(Initializer.constant(9)))),
                to(YES_NO),
                TWO,
                When.NO_MISTAKE,
                "the loss tells them"));
        all.add(mistake(
                "steps that are not compiled",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO,
                When.NO_MISTAKE,
                "op by op is how a program is debugged"));
        all.add(mistake(
                "a warm-up from 0",
                optimizing(new Sgd(Schedule.constant(0.1).warmup(0, 5))),
                layers(new Dense(1)),
                to(YES_NO),
                Fit.epochs(6),
                When.NO_MISTAKE,
                "the rate rises"));
        all.add(mistake(
                "losses of layers that a step minimises",
                builder -> ownStep(builder, true),
                penalized(),
                to(YES_NO),
                TWO,
                When.NO_MISTAKE,
                "totalLoss"));
        all.add(mistake(
                "a hinge of labels 0 and 1",
                with(new Hinge()),
                layers(new Dense(1)),
                to(YES_NO),
                TWO,
                When.NO_MISTAKE,
                "0 is taken for -1, as in Keras"));
        all.add(mistake(
                "a validation after each second epoch, and its loss watched",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                Fit.epochs(4)
                        .validation(CLASSES.batch(4))
                        .validationFrequency(2)
                        .callbacks(new EarlyStopping("val_loss").patience(3)),
                When.NO_MISTAKE,
                "epochs between are no epochs of the monitor"));
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(Way.values()).flatMap(way -> {
            List<Mistake> all = new ArrayList<>();
            addRefused(all);
            addTargets(all);
            addOutputs(all);
            addRuns(all);
            addNone(all);
            return all.stream().map(mistake -> Arguments.of(way, mistake.name(), mistake));
        });
    }

    @ParameterizedTest(name = "{1} {0}")
    @MethodSource("mistakes")
    void whatIsSaidAndWhen(Way way, String name, Mistake mistake) {
        OWN.set(mistake.model());
        TrainerBuilder builder = mistake.trainer().apply(Trainer.of(mistake.model()));
        try (Trainer trainer = way.of(builder).threads(1, 1).build()) {
            if (way == Way.EAGER && name.equals("a value read in the model")) {
                trainer.fit(mistake.data(), mistake.fit()); // There are values.
                return;
            }
            Optional<RuntimeException> thrown = Optional.empty();
            List<String> warnings = List.of();
            try {
                warnings = trainer.fit(mistake.data(), mistake.fit()).warnings();
            } catch (RuntimeException e) {
                thrown = Optional.of(e);
            }
            switch (mistake.when()) {
                case NO_MISTAKE -> assertEquals(List.of(), warnings);
                case WARNED_OF -> assertSaid(mistake, warnings);
                default ->
                    assertSaid(
                            mistake,
                            List.of(String.valueOf(
                                    thrown.map(Throwable::getMessage).orElse(null))));
            }
            assertEquals(
                    mistake.when() == When.BEFORE_THE_FIRST_STEP || mistake.when() == When.IN_THE_FIRST_STEP,
                    thrown.isPresent(),
                    thrown.toString());
            if (thrown.isPresent()) {
                assertEquals(0L, trainer.state().values().get("loop/steps"));
            }
        }
    }

    /** All words in one text. */
    private static void assertSaid(Mistake mistake, List<String> texts) {
        assertTrue(
                texts.stream().anyMatch(text -> mistake.words().stream().allMatch(text::contains)),
                () -> mistake.words() + " in " + texts);
    }
}
