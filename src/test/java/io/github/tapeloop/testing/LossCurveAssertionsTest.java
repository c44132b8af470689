package io.github.tapeloop.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Sgd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each assertion holds where it should and fails with the whole curve where it should not. */
class LossCurveAssertionsTest {

    private static final Dataset DATA =
            Dataset.of(new float[][] {{0, 1}, {1, 0}, {1, 1}, {0, 0}}, new int[] {0, 1, 1, 0});

    @TempDir
    Path directory;

    private static LossCurve curve(Double... values) {
        return LossCurve.of("loss", List.of(values));
    }

    private static Trainer trainer(long seed) {
        return Trainer.of(Sequential.of(new Dense(2)))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.1))
                .threads(1, 1)
                .seed(seed)
                .build();
    }

    private static History fit(long seed) {
        try (Trainer trainer = trainer(seed)) {
            return trainer.fit(DATA.batch(4), Fit.epochs(3));
        }
    }

    @Test
    void assertionsThatHoldGiveTheCurveBack() {
        LossCurve curve = curve(3.0, 2.0, 1.0);
        assertSame(curve, curve.decreases().endsBelow(1.001).endsAbove(0.999).isCloseTo(new double[] {3, 2, 1}, 0));
        curve(3.0, 3.05, 1.0).decreases(0.1);
        curve(1000.0, 2.0).isCloseTo(new double[] {1000.9, 2.0}, 1e-3);
        curve(Double.NaN).isCloseTo(new double[] {Double.NaN}, 0);
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                fails("goes from 2.0 to 2.0 in epoch 2", () -> curve(2.0, 2.0).decreases()),
                fails("rises below 0.1, but goes from 2.0 to 2.5 in epoch 2", () -> curve(2.0, 2.5, 1.0)
                        .decreases(0.1)),
                fails("must end below its first value", () -> curve(2.0, 2.05).decreases(0.1)),
                fails("to NaN in epoch 2", () -> curve(2.0, Double.NaN).decreases()),
                fails("must end below 1.0", () -> curve(2.0, 1.0).endsBelow(1)),
                fails("must end below 1.0", () -> curve(Double.NaN).endsBelow(1)),
                fails("must end above 1.0", () -> curve(2.0, 1.0).endsAbove(1)),
                fails("in epoch 2 it is 1.0 instead of 1.1", () -> curve(2.0, 1.0)
                        .isCloseTo(new double[] {2, 1.1}, 0.01)),
                fails("must have 1 epochs", () -> curve(2.0, 1.0).isCloseTo(new double[] {2}, 0.01)));
    }

    private static Arguments fails(String message, Runnable assertion) {
        return Arguments.of(message, assertion);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void assertionsThatDoNotHoldShowTheWholeCurve(String message, Runnable assertion) {
        AssertionError thrown = assertThrows(AssertionError.class, assertion::run);
        assertTrue(thrown.getMessage().contains(message), thrown.getMessage());
        assertTrue(thrown.getMessage().contains("The curve 'loss'"), thrown.getMessage());
        assertTrue(thrown.getMessage().contains(". It is ["), thrown.getMessage());
    }

    @Test
    void aGoldenCurveIsWrittenOnRequestAndComparedOtherwise() throws Exception {
        Path file = directory.resolve("golden/curve.txt");
        AssertionError missing =
                assertThrows(AssertionError.class, () -> curve(1.0).matchesGolden(file, 0));
        assertTrue(missing.getMessage().contains("-Dtapeloop.golden.update=true"), missing.getMessage());
        System.setProperty("tapeloop.golden.update", "true");
        try {
            curve(1.0, 1.0 / 3).matchesGolden(file, 0);
        } finally {
            System.clearProperty("tapeloop.golden.update");
        }
        assertEquals(List.of("# loss", "1.0", "0.3333333333333333"), Files.readAllLines(file));
        curve(1.0, 1.0 / 3).matchesGolden(file, 0);
        AssertionError other =
                assertThrows(AssertionError.class, () -> curve(1.0, 0.3333).matchesGolden(file, 1e-6));
        assertTrue(other.getMessage().contains("golden curve in " + file), other.getMessage());
        Files.writeString(file, "1.0\nx\n");
        assertThrows(AssertionError.class, () -> curve(1.0).matchesGolden(file, 0));
    }

    @Test
    void reproducibleRunsPassAndOthersAreShown() {
        History history = LossCurve.isReproducible(() -> fit(7));
        LossCurve.of(history).decreases();
        long[] seed = {1};
        AssertionError thrown =
                assertThrows(AssertionError.class, () -> LossCurve.isReproducible(() -> fit(seed[0]++)));
        assertTrue(thrown.getMessage().contains("Two runs differ in 'loss'"), thrown.getMessage());
    }

    @Test
    void oneBatchIsLearntByHeartOrTheFailureSaysHowFarItCame() {
        try (Trainer trainer = trainer(1);
                Trainer stuck = Trainer.of(Sequential.of(new Dense(2)))
                        .loss(SparseCategoricalCrossentropy.fromLogits())
                        .optimizer(new Sgd(0))
                        .build();
                Batch batch = Batch.of(new float[][] {{0, 1}, {1, 0}}, new int[] {0, 1})) {
            LossCurve.overfits(trainer, batch, 300, 0.01).endsBelow(0.01);
            AssertionError thrown = assertThrows(AssertionError.class, () -> LossCurve.overfits(stuck, batch, 3, 0.01));
            assertTrue(thrown.getMessage().contains("after 3 steps"), thrown.getMessage());
        }
    }

    @Test
    void aStepThatLogsNoLossCannotBeLearntByHeart() {
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(2)))
                        .step((step, given) -> Map.of("score", step.tf().constant(1f)))
                        .build();
                Batch batch = Batch.of(new float[][] {{0, 1}}, new int[] {0})) {
            IllegalArgumentException thrown =
                    assertThrows(IllegalArgumentException.class, () -> LossCurve.overfits(trainer, batch, 3, 0.01));
            assertTrue(thrown.getMessage().contains("[score]"), thrown.getMessage());
        }
    }

    @Test
    void scriptedDataFailsEndsShortAndCounts() {
        ScriptedDataset script = ScriptedDataset.of(DATA, 2);
        RecordingCallback recording = new RecordingCallback();
        try (Trainer trainer = trainer(1)) {
            trainer.fit(script.endsShort(1, 1).batches(), Fit.epochs(1).callbacks(recording));
            assertTrue(recording.lines().contains("trainBatchEnd 1 of 1"), recording.lines()::toString);
            assertEquals(3, script.examplesRead());
            int handles = trainer.session().liveHandles();
            IllegalStateException failure = new IllegalStateException("disk");
            assertSame(
                    failure,
                    assertThrows(
                            IllegalStateException.class,
                            () -> trainer.fit(
                                    script.failsAtBatch(1, () -> failure).batches(), Fit.epochs(2))));
            assertEquals(5, script.examplesRead());
            assertEquals(handles, trainer.session().liveHandles());
        }
        assertThrows(IllegalArgumentException.class, () -> script.endsShort(1, 2));
        assertThrows(IllegalArgumentException.class, () -> script.failsAtBatch(-1, RuntimeException::new));
    }
}
