package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.PadTo;
import io.github.tapeloop.layer.Bidirectional;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Gru;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Lstm;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.SimpleRnn;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.runtime.DtypePolicy;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Layers over series in training: eager, compiled, several steps an execution, in half the bits. */
class SequenceTrainingTest {

    /** Series of 2 to 6 ids from 1 to 5; the class is the last one modulo 3. */
    private static Batches series() {
        Random random = new Random(5);
        int[][] ids = new int[210][];
        int[] classes = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = random.ints(2 + random.nextInt(5), 1, 6).toArray();
            classes[i] = ids[i][ids[i].length - 1] % Problems.CLASSES;
        }
        return Dataset.of(new Columns().input(ColumnData.ragged(ids)).target(ColumnData.of(classes)))
                .padBatch(20, PadTo.lengths(6));
    }

    private static Model network(double dropout) {
        return Sequential.of(
                new Embedding(6, 8).maskZero(true),
                new SimpleRnn(8).returnSequences(true).dropout(dropout).recurrentDropout(dropout),
                new Bidirectional(() -> new Gru(8).returnSequences(true)),
                new MultiHeadAttention(2, 4).dropout(dropout),
                new LayerNormalization(),
                new Lstm(8),
                new Dense(Problems.CLASSES));
    }

    private static double[] losses(double dropout, UnaryOperator<TrainerBuilder> way) {
        TrainerBuilder builder =
                Problems.trainerOf(network(dropout)).threads(1, 1).seed(4);
        try (Trainer trainer = way.apply(builder).build()) {
            return trainer.fit(series(), Fit.epochs(3).validation(series())).values("val_loss").stream()
                    .mapToDouble(Double::doubleValue)
                    .toArray();
        }
    }

    static Stream<Arguments> ways() {
        return Stream.of(
                way("compiled", 0.1, 1e-4, TrainerBuilder::compiled),
                way("several steps an execution", 0.1, 1e-4, builder -> builder.compiled()
                        .stepsPerExecution(4)),
                // Half the bits drop other elements.
                way("bfloat16", 0, 0.05, builder -> builder.compiled().precision(DtypePolicy.MIXED_BFLOAT16)),
                way("float16, several steps an execution", 0, 0.05, builder -> builder.compiled()
                        .optimizer(scaled())
                        .precision(DtypePolicy.MIXED_FLOAT16)
                        .stepsPerExecution(4)));
    }

    /** A loss scale from which no step is skipped. */
    private static Adam scaled() {
        Adam adam = new Adam(0.01);
        adam.setLossScale(LossScale.dynamic(128, 2000));
        return adam;
    }

    private static Arguments way(String name, double dropout, double tolerance, UnaryOperator<TrainerBuilder> way) {
        return Arguments.of(name, dropout, tolerance, way);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void lossesAreThoseOfTheEagerSteps(
            String name, double dropout, double tolerance, UnaryOperator<TrainerBuilder> way) {
        double[] eager = losses(dropout, builder -> builder);
        assertTrue(eager[2] < eager[0], eager[0] + " to " + eager[2]);
        assertArrayEquals(eager, losses(dropout, way), tolerance, name);
    }

    @Test
    void fillingUpFurtherChangesNothing() {
        Model model = Sequential.of(
                new Embedding(6, 8).maskZero(true),
                new MultiHeadAttention(2, 4),
                new Bidirectional(() -> new Lstm(8)),
                new Dense(1));
        int[][] ids = {{3, 1, 2}, {5, 4, 1}};
        Dataset data = Dataset.of(new Columns().input(ColumnData.ragged(ids)));
        try (Trainer trainer = Problems.trainerOf(model).threads(1, 1).seed(4).build()) {
            float shortest = trainer.predict(data.padBatch(2)).getFloat(1, 0);
            assertEquals(
                    shortest,
                    trainer.predict(data.padBatch(2, PadTo.lengths(9))).getFloat(1, 0),
                    1e-6);
        }
    }
}
