package io.github.tapeloop.loss;

import static io.github.tapeloop.FiniteDifferences.assertClose;
import static io.github.tapeloop.FiniteDifferences.constant;
import static io.github.tapeloop.FiniteDifferences.gradient;
import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;

/** Each loss against its formula in Java, for every type and shape of targets it takes, and its gradient. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LossTableTest {

    private static final double[] SCORES = {1, 2, -1, 0.5, -0.5, 0.25, 3, 3, 3, -20, 20, 0};
    private static final double[] PROBABILITIES = {0.2, 0.7, 0.1, 0.5, 0.25, 0.25, 0.9, 0.9, 0.9, 0, 1, 0};
    private static final double[] LABELS = {1, 2, 0, 0};

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    /** @param types what the targets may be */
    private record Row(
            String name,
            Loss loss,
            double[] predictions,
            Shape predicted,
            double[] targets,
            Shape shape,
            List<Class<? extends TNumber>> types,
            double expected) {
        @Override
        public String toString() {
            return name + " " + shape + " " + predicted;
        }
    }

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void end() {
        test.close();
    }

    @AfterAll
    void close() {
        session.close();
    }

    /** log Σ eˢ - s[label], the mean over rows of three. */
    private static double crossEntropy(double[] scores) {
        double total = 0;
        for (int row = 0; row < LABELS.length; row++) {
            double sum = 0;
            for (int i = 0; i < 3; i++) {
                sum += Math.exp(scores[3 * row + i]);
            }
            total += Math.log(sum) - scores[3 * row + (int) LABELS[row]];
        }
        return total / LABELS.length;
    }

    /** Keras: clip to [1e-7, 1 - 1e-7] and take the logarithm as scores, without normalising. */
    private static double[] logarithms() {
        double[] scores = PROBABILITIES.clone();
        for (int i = 0; i < scores.length; i++) {
            scores[i] = Math.log(Math.min(Math.max(scores[i], 1e-7), 1 - 1e-7));
        }
        return scores;
    }

    static Stream<Row> rows() {
        Loss logits = SparseCategoricalCrossentropy.fromLogits();
        Loss probabilities = SparseCategoricalCrossentropy.fromProbabilities();
        Loss squares = new MeanSquaredError();
        Loss distance = (ops, target, prediction) -> ops.math.mean(
                ops.math.abs(ops.math.sub(prediction, Tensors.cast(ops, target, prediction.type()))), ops.constant(0));
        List<Class<? extends TNumber>> whole = List.of(TInt32.class, TInt64.class, TUint8.class, TFloat32.class);
        List<Class<? extends TNumber>> real = List.of(TFloat32.class, TFloat64.class, TInt32.class);
        double fromLogits = crossEntropy(SCORES);
        double fromProbabilities = crossEntropy(logarithms());
        double[] column = {1, -2, 4};
        double[] wanted = {3, -2, 0};
        double mse = (4 + 0 + 16) / 3.0;
        Shape rows = Shape.of(4, 3);
        Shape cube = Shape.of(2, 2, 3);
        return Stream.of(
                new Row("logits", logits, SCORES, rows, LABELS, Shape.of(4), whole, fromLogits),
                new Row("logits", logits, SCORES, rows, LABELS, Shape.of(4, 1), whole, fromLogits),
                new Row("logits", logits, SCORES, cube, LABELS, Shape.of(2, 2), whole, fromLogits),
                new Row("logits", logits, SCORES, cube, LABELS, Shape.of(2, 2, 1), whole, fromLogits),
                new Row(
                        "probabilities",
                        probabilities,
                        PROBABILITIES,
                        rows,
                        LABELS,
                        Shape.of(4),
                        whole,
                        fromProbabilities),
                new Row(
                        "probabilities",
                        probabilities,
                        PROBABILITIES,
                        cube,
                        LABELS,
                        Shape.of(2, 2),
                        whole,
                        fromProbabilities),
                new Row("squares", squares, column, Shape.of(3), wanted, Shape.of(3), real, mse),
                new Row("squares", squares, column, Shape.of(3, 1), wanted, Shape.of(3), real, mse),
                new Row("squares", squares, column, Shape.of(3), wanted, Shape.of(3, 1), real, mse),
                new Row("squares", squares, column, Shape.of(1, 3, 1), wanted, Shape.of(1, 3), real, mse),
                new Row("lambda", distance, column, Shape.of(3), wanted, Shape.of(3), real, 2));
    }

    private Operand<TFloat32> loss(Row row, double[] predictions, Class<? extends TNumber> type, Operand<?> target) {
        @SuppressWarnings("unchecked") // All rows have numbers as targets.
        Operand<? extends TNumber> numbers = (Operand<? extends TNumber>) target;
        return row.loss().call(tf, numbers, constant(tf, row.predicted(), predictions, type));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void valuesFollowTheFormula(Row row) {
        for (Class<? extends TNumber> type : row.types()) {
            Operand<?> target = constant(tf, row.shape(), row.targets(), type);
            Operand<TFloat32> exact = loss(row, row.predictions(), TFloat64.class, target);
            assertEquals(TFloat64.class, exact.type());
            assertEquals(row.expected(), session.scalar(exact), 1e-9 * row.expected(), type::getSimpleName);
            Operand<TFloat32> rounded = loss(row, row.predictions(), TFloat32.class, target);
            assertEquals(TFloat32.class, rounded.type());
            // 1 - 1e-7 is a third off in float32, which is felt where a probability is 1.
            assertEquals(row.expected(), session.scalar(rounded), 1e-6 * row.expected(), type::getSimpleName);
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void gradientsAgreeWithCentralDifferences(Row row) {
        // Inside the range where clipping has no kink.
        double[] at = row.name().equals("probabilities")
                ? new double[] {0.2, 0.7, 0.1, 0.5, 0.25, 0.25, 0.9, 0.9, 0.9, 0.1, 0.8, 0.3}
                : row.predictions();
        Operand<?> target = constant(tf, row.shape(), row.targets(), row.types().get(0));
        Operand<TFloat32> prediction = constant(tf, row.predicted(), at, TFloat64.class);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(prediction);
            @SuppressWarnings("unchecked") // All rows have numbers as targets.
            Operand<TFloat32> value = row.loss().call(tf, (Operand<? extends TNumber>) target, prediction);
            double[] computed = values(session, tape.gradient(value, prediction).orElseThrow());
            double[] slopes = gradient(at, moved -> {
                try (TensorScope scope = session.scope()) {
                    return session.scalar(loss(row, moved, TFloat64.class, target));
                }
            });
            if (row.name().equals("lambda")) {
                slopes[1] = computed[1]; // At the kink of |x|.
            }
            assertClose(slopes, computed, 1e-6, row.toString());
        }
    }
}
