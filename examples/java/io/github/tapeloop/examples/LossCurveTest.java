package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.RELU;
import static io.github.tapeloop.layer.Activations.TANH;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.testing.GradientCheck;
import io.github.tapeloop.testing.GradientCheck.Input;
import io.github.tapeloop.testing.LossCurve;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

/** How to test a model of one's own, with any test framework: does it learn, and does it always learn the same? */
class LossCurveTest {

    private static final float[][] POINTS = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    private static final int[] XOR = {0, 1, 1, 0};

    private static Trainer trainer() {
        Model network = Sequential.of(new Dense(16, RELU), new Dense(2));
        return Trainer.of(network)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.03))
                .threads(1, 1)
                .seed(42)
                .build();
    }

    private static History fit() {
        try (Trainer trainer = trainer()) {
            return trainer.fit(Dataset.of(POINTS, XOR).shuffle(4).batch(2), Fit.epochs(60));
        }
    }

    @Test
    void theLossFalls() {
        LossCurve.of(fit()).decreases(0.02).endsBelow(0.1);
    }

    @Test
    void trainingIsReproducible() {
        LossCurve.isReproducible(LossCurveTest::fit);
    }

    /** The file was written by running this test with {@code -Dtapeloop.golden.update=true}. */
    @Test
    void theCurveIsTheOneWeKnow() {
        LossCurve.of(fit()).matchesGolden(Path.of("examples/golden/xor-loss.txt"), 1e-3);
    }

    @Test
    void oneBatchIsLearntByHeart() {
        try (Trainer trainer = trainer();
                Batch batch = Batch.of(POINTS, XOR)) {
            LossCurve.overfits(trainer, batch, 500, 0.01);
        }
    }

    @Test
    void theGradientOfAnActivationIsRight() {
        try (TapeSession session = TapeSession.open()) {
            GradientCheck.in(session)
                    .operands((tf, x) -> TANH.call(tf, x.get(0)), Input.of(Shape.of(4), -2, -0.1, 0.3, 1));
        }
    }
}
