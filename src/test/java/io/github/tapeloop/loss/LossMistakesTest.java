package io.github.tapeloop.loss;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.tape.GradientTape;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What losses refuse, and what they say then. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LossMistakesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterAll
    void close() {
        session.close();
    }

    private static Arguments row(String what, Executable mistake, String... words) {
        return Arguments.of(what, mistake, words);
    }

    private Operand<TFloat32> floats(long... shape) {
        return tf.zeros(tf.constant(shape), TFloat32.class);
    }

    private Executable call(Loss loss, Operand<TFloat32> target, Operand<TFloat32> prediction) {
        return () -> loss.call(tf, target, prediction);
    }

    Stream<Arguments> settings() {
        return Stream.of(
                row("delta", () -> new Huber().delta(0), "delta", "above 0", "got 0.0"),
                row("q", () -> new CategoricalGeneralizedCrossEntropy().q(1), "q in (0, 1)", "got 1.0"),
                row("gamma", () -> new Circle().gamma(Double.NaN), "gamma", "NaN"),
                row("margin", () -> new Circle().margin(1.5), "margin in [0, 1]", "got 1.5"),
                row("alpha", () -> new Tversky().alpha(-1), "alpha of at least 0", "got -1.0"),
                row("beta", () -> new Tversky().beta(Double.POSITIVE_INFINITY), "finite beta", "got Infinity"),
                row("no alpha", () -> CategoricalFocalCrossentropy.fromLogits().alpha(), "alpha", "got none"),
                row("alphas", () -> CategoricalFocalCrossentropy.fromLogits().alpha(1, -2), "alpha", "got -2.0"),
                row("focus", () -> CategoricalFocalCrossentropy.fromLogits().gamma(-1), "gamma", "got -1.0"),
                row("balance", () -> BinaryFocalCrossentropy.fromLogits().alpha(2), "alpha in [0, 1]", "got 2.0"),
                row("binary focus", () -> BinaryFocalCrossentropy.fromLogits().gamma(-1), "gamma", "got -1.0"),
                row("smoothing", () -> BinaryCrossentropy.fromLogits().labelSmoothing(-0.1), "labelSmoothing", "-0.1"),
                row(
                        "smoothing of classes",
                        () -> CategoricalCrossentropy.fromLogits().labelSmoothing(1.1),
                        "labelSmoothing in [0, 1]",
                        "got 1.1"));
    }

    Stream<Arguments> shapes() {
        Operand<TFloat32> rows = floats(4, 3);
        Loss sparse = SparseCategoricalCrossentropy.fromLogits();
        Loss dense = CategoricalCrossentropy.fromProbabilities();
        Loss focal = CategoricalFocalCrossentropy.fromLogits().alpha(1, 2);
        Loss squares = new MeanSquaredError();
        return Stream.of(
                row("number", call(sparse, floats(3), rows), "[4]", "float32 [4, 3]", "got float32 [3]"),
                row("one-hot", call(sparse, floats(4, 3), rows), "got float32 [4, 3]", "one-hot"),
                row("scalar", call(sparse, floats(), rows), "got float32 []"),
                row("sequence", call(sparse, floats(2, 3), floats(2, 2, 3)), "[2, 2]", "got float32 [2, 3]"),
                row("no classes", call(sparse, floats(3), floats(3)), "[batch, …, classes]", "float32 [3]"),
                row("sparse", call(dense, floats(4), rows), "[4, 3]", "got float32 [4]", "class numbers"),
                row("sparse column", call(dense, floats(4, 1), rows), "got float32 [4, 1]", "class numbers"),
                row("dense", call(dense, floats(3, 4), rows), "[4, 3]", "got float32 [3, 4]"),
                row("dense vector", call(dense, floats(4), floats(4)), "[batch, …, classes]"),
                row("alphas", call(focal, rows, rows), "2 alphas", "[1.0, 2.0]", "3 classes"),
                row("axis", call(CategoricalCrossentropy.fromLogits().axis(2), rows, rows), "axis 2", "[-2, 2)"),
                row("mean axis", call(BinaryCrossentropy.fromLogits().axis(7), rows, rows), "axis 7", "[-2, 2)"),
                row(
                        "focus axis",
                        call(BinaryFocalCrossentropy.fromLogits().axis(-3), rows, rows),
                        "axis -3",
                        "[-2, 2)"),
                row("column", call(squares, floats(4, 1), rows), "[4, 3]", "got float32 [4, 1]"),
                row("vector", call(squares, floats(4), rows), "got float32 [4]"),
                row("turned", call(squares, floats(1, 4), floats(4, 1)), "[4, 1]", "got float32 [1, 4]"),
                row("length", call(squares, floats(3), floats(4)), "[4]", "got float32 [3]"),
                row("hinge", call(new Hinge(), floats(4), rows), "Hinge expects", "got float32 [4]"),
                row("angle", call(new CosineSimilarity(), floats(4), floats(4)), "CosineSimilarity", "float32 [4]"),
                row("angle axis", call(new CosineSimilarity().axis(-3), rows, rows), "axis -3", "[-2, 2)"),
                row("overlap axis", call(new Dice().axis(5), rows, rows), "Dice has axis 5", "float32 [4, 3]"),
                row("embeddings", call(new Circle(), floats(4), floats(4, 3, 2)), "Circle", "float32 [4, 3, 2]"),
                row("circle", call(new Circle(), floats(3), rows), "Circle expects", "got float32 [3]"),
                row("logits", call(new Ctc(), floats(4, 3), rows), "[batch, time, classes]", "float32 [4, 3]"),
                row("classes", call(new Ctc(), rows, floats(4, 6, 1)), "at least one other class", "float32 [4, 6, 1]"),
                row(
                        "labels",
                        call(new Ctc(), floats(3, 2), floats(4, 6, 3)),
                        "[batch, labels]",
                        "for float32 [4, 6, 3]",
                        "got float32 [3, 2]"));
    }

    Stream<Arguments> weights() {
        Operand<TFloat32> rows = floats(4, 3);
        Operand<TFloat32> cube = floats(4, 5, 3);
        Loss lambda = (ops, target, prediction) -> prediction;
        Loss squares = new MeanSquaredError();
        return Stream.of(
                row("lambda", () -> lambda.call(tf, rows, rows, floats(4)), "'loss'", "extend PerSampleLoss"),
                row("masked lambda", () -> lambda.masked(floats(4)), "no mask", "extend PerSampleLoss"),
                row("batch", () -> squares.call(tf, rows, rows, floats(3)), "[4]", "sample weights", "float32 [3]"),
                row("parts", () -> squares.call(tf, rows, rows, rows), "MeanSquaredError", "got float32 [4, 3]"),
                row("time", () -> squares.call(tf, cube, cube, floats(4, 3)), "[4, 5]", "got float32 [4, 3]"),
                row("mask", () -> squares.masked(floats(5)).call(tf, cube, cube), "a mask", "got float32 [5]"),
                row("two masks", () -> squares.masked(rows).masked(rows), "logicalAnd"),
                row("whole batch", () -> new Dice().call(tf, rows, rows, floats(4)), "Dice", "set its axis"),
                row(
                        "axis of the batch",
                        () -> new Tversky().axis(0, 1).masked(floats(4)).call(tf, rows, rows),
                        "Tversky",
                        "after the first"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"settings", "shapes", "weights"})
    void aMistakeIsToldWithWhatWasGivenAndWhatIsExpected(String what, Executable mistake, String... words) {
        assertWords(assertThrows(IllegalArgumentException.class, mistake), words);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("labels")
    void aLabelOutOfRangeIsNamed(String what, Executable mistake, String... words) {
        assertWords(assertThrows(OpException.class, mistake), words);
    }

    Stream<Arguments> labels() {
        Operand<TFloat32> rows = floats(2, 3);
        Operand<TFloat32> four = tf.constant(new float[] {1, 4});
        Operand<TFloat32> sequence = tf.constant(new float[][] {{1, 4}});
        Loss sparse = SparseCategoricalCrossentropy.fromLogits();
        return Stream.of(
                row("sparse", call(sparse, four, rows), "label value of 4", "[0, 3)"),
                row("generalized", call(new CategoricalGeneralizedCrossEntropy(), four, rows), "= 4", "[0, 3)"),
                row("sequence", call(new Ctc(), sequence, floats(1, 6, 3)), "= 4 is not in [0, 3)"));
    }

    @Test
    void aSecondDerivativeOfCtcIsRefused() {
        Operand<TFloat32> logits = floats(1, 4, 3);
        try (GradientTape outer = GradientTape.open(tf);
                GradientTape inner = GradientTape.open(tf)) {
            outer.watch(logits);
            inner.watch(logits);
            Operand<TFloat32> loss = new Ctc().call(tf, tf.constant(new int[][] {{1, 2}}), logits);
            Operand<TFloat32> gradient = inner.gradient(loss, logits).orElseThrow();
            assertWords(
                    assertThrows(TapeloopException.class, () -> outer.gradient(gradient, logits)),
                    "connectionist temporal classification",
                    "no second derivative");
        }
    }

    private static void assertWords(Exception error, String... words) {
        for (String word : words) {
            assertTrue(error.getMessage().contains(word), "no '" + word + "' in: " + error.getMessage());
        }
    }
}
