package io.github.tapeloop.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The examples with steps of their own, in tiny settings: eager and compiled they take the same first steps. */
class GenerativeExamplesTest {

    @Test
    void theDcganTakesTheSameStepsEagerAndCompiled() {
        agree(() -> DcganMnist.builder(3, 4), Mnist.train().take(20).batch(8), 1e-4);
    }

    @Test
    void theWassersteinGanTakesTheSameStepsEagerAndCompiled() {
        agree(
                () -> WassersteinGanGradientPenalty.builder(3, 8),
                WassersteinGanGradientPenalty.eightGaussians(20, 1).batch(8),
                1e-4);
    }

    @Test
    void theVariationalAutoencoderTakesTheSameStepsEagerAndCompiled() {
        agree(
                () -> VariationalAutoencoder.builder(3, 16, 4),
                Mnist.train().take(20).batch(8),
                1e-5);
    }

    @Test
    void thePhysicsInformedNetworkTakesTheSameStepsEagerAndCompiled() {
        agree(() -> PhysicsInformed.builder(3, 100), PhysicsInformed.times(20).batch(8), 1e-5);
    }

    @Test
    void theGeneratorComesCloserToTheEightGaussians() {
        try (Trainer trainer =
                WassersteinGanGradientPenalty.builder(3, 32).compiled().build()) {
            double before = WassersteinGanGradientPenalty.distance(trainer);
            trainer.fit(
                    WassersteinGanGradientPenalty.eightGaussians(64 * 300, 1).batch(64), Fit.epochs(1));
            double after = WassersteinGanGradientPenalty.distance(trainer);
            assertTrue(after < 0.75 * before, before + " before, " + after + " after");
        }
    }

    @Test
    void theAutoencoderCodesTestImagesBetterThanItsFirstWeightsDo() {
        try (Trainer trainer =
                VariationalAutoencoder.builder(3, 64, 8).compiled().build()) {
            Batches test = Mnist.test().take(1_000).batch(500);
            double before = trainer.evaluate(test).get("loss");
            trainer.fit(Mnist.train().take(6_000).batch(64), Fit.epochs(1));
            Map<String, Double> scores = trainer.evaluate(test);
            assertTrue(scores.get("loss") < before / 2, before + " before, " + scores + " after");
            assertEquals(scores.get("loss"), scores.get("reconstruction") + scores.get("kl"), 1e-3);
        }
    }

    @Test
    void thePhysicsInformedNetworkFindsTheSolution() {
        double error = PhysicsInformed.largestError(2_000);
        assertTrue(error < 0.1, "largest error " + error);
    }

    /** Of d(x) = x · w the gradient is w everywhere: the penalty is (|w| - 1)², its gradient 2 (|w| - 1) w / |w|. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void thePenaltyOfALinearCriticAndItsGradientHaveTheirClosedForms(boolean compiled) {
        double[] w = {0.6, -1.2};
        double norm = Math.hypot(w[0], w[1]);
        Model critic = Sequential.of(new Dense(1)
                .useBias(false)
                .kernel(spec -> spec.initializer(
                        (tf, shape, type, seed) -> tf.constant(new float[][] {{(float) w[0]}, {(float) w[1]}}))));
        Optimizer optimizer = new Sgd(1); // One step takes the gradient off the kernel.
        TrainerBuilder builder = Trainer.of(critic).includes(optimizer).step((step, batch) -> {
            Ops tf = step.tf();
            try (GradientTape tape = step.tape()) {
                Operand<TFloat32> penalty = WassersteinGanGradientPenalty.penalty(step, critic, batch.input(tf));
                optimizer.apply(tf, tape.gradients(penalty, critic.trainableVariables()));
                return Map.of("penalty", penalty);
            }
        });
        try (Trainer trainer = (compiled ? builder.compiled() : builder).build();
                Batch batch = Batch.of(new float[][] {{1, 2}, {-3, 0.5f}, {0, 0}})) {
            double penalty = trainer.trainOnBatch(batch).get("penalty");
            assertEquals(Math.pow(norm - 1, 2), penalty, 1e-5);
            double[] kernel = kernel(trainer);
            for (int i = 0; i < 2; i++) {
                assertEquals(2 * (norm - 1) * w[i] / norm, w[i] - kernel[i], 1e-5);
            }
        }
    }

    private static double[] kernel(Trainer trainer) {
        Ops tf = trainer.session().tf();
        Variable<?> kernel = trainer.model().trainableVariables().iterator().next();
        try (TensorScope scope = trainer.session().scope()) {
            return trainer.session().read(kernel.read(tf), tensor -> {
                TFloat32 values = (TFloat32) tensor;
                return new double[] {values.getFloat(0, 0), values.getFloat(1, 0)};
            });
        }
    }

    /** Trains for two epochs each way, on batches of which the last is smaller. */
    private static void agree(Supplier<TrainerBuilder> builder, Batches batches, double tolerance) {
        History eager = fit(builder.get(), batches);
        History compiled = fit(builder.get().compiled(), batches);
        for (String name : eager.names()) {
            for (int epoch = 0; epoch < 2; epoch++) {
                double expected = eager.values(name).get(epoch);
                assertTrue(Double.isFinite(expected), () -> name + " of " + eager);
                assertEquals(
                        expected, compiled.values(name).get(epoch), tolerance * Math.max(1, Math.abs(expected)), name);
            }
        }
    }

    private static History fit(TrainerBuilder builder, Batches batches) {
        try (Trainer trainer = builder.build()) {
            return trainer.fit(batches, Fit.epochs(2));
        }
    }
}
