package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activation;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Add;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.GaussianNoise;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Regularizer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** Layers with statistics, penalties and several inputs in training: eager, compiled, several steps an execution, XLA. */
class LayerTrainingTest {

    private static final Batches DATA = Problems.clusters(205).shuffle(205).batch(10);

    private static final class Residual extends Model {
        private final Dense first = layer(new Dense(8).useBias(false).kernel(w -> w.regularizer(Regularizer.l2())));
        private final BatchNormalization batch = layer(new BatchNormalization());
        private final Activation relu = layer(new Activation(Activations.RELU));
        private final GaussianNoise noise;
        private final Dense second = layer(new Dense(8, Activations.GELU));
        private final Add add = layer(new Add());
        private final LayerNormalization last = layer(new LayerNormalization());
        private final Dense logits = layer(new Dense(Problems.CLASSES));

        Residual(double stddev) {
            this.noise = layer(new GaussianNoise(stddev));
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Operand<TFloat32> h = relu.call(pass, batch.call(pass, first.call(pass, x)));
            Operand<TFloat32> sum = add.call(pass, h, second.call(pass, noise.call(pass, h)));
            return logits.call(pass, last.call(pass, sum));
        }
    }

    /** Losses, and all variables at the end. */
    private static List<double[]> train(Model model, UnaryOperator<TrainerBuilder> way) {
        List<double[]> results = new ArrayList<>();
        TrainerBuilder builder = Problems.trainerOf(model).threads(1, 1).seed(4);
        try (Trainer trainer = way.apply(builder).build()) {
            History history = trainer.fit(DATA, Fit.epochs(3).validation(Problems.batches(50, 20)));
            for (String name : history.names()) {
                results.add(history.values(name).stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray());
            }
            model.variables().forEach(weight -> {
                try (var scope = weight.session().scope()) {
                    results.add(FiniteDifferences.values(
                            weight.session(), weight.read(weight.session().tf())));
                }
            });
        }
        return results;
    }

    static Stream<Arguments> ways() {
        return Stream.of(
                way("compiled", 0.1, TrainerBuilder::compiled),
                // XLA draws other noise.
                way("XLA", 0, TrainerBuilder::jitCompile),
                way("several steps an execution", 0.1, builder -> builder.compiled()
                        .stepsPerExecution(4)));
    }

    private static Arguments way(String name, double stddev, UnaryOperator<TrainerBuilder> way) {
        return Arguments.of(name, stddev, way);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void lossesWeightsAndStatisticsAreThoseOfTheEagerSteps(
            String name, double stddev, UnaryOperator<TrainerBuilder> way) {
        List<double[]> eager = train(new Residual(stddev), builder -> builder);
        List<double[]> other = train(new Residual(stddev), way);
        assertEquals(eager.size(), other.size());
        for (int i = 0; i < eager.size(); i++) {
            assertArrayEquals(eager.get(i), other.get(i), 2e-4, name + " " + i);
        }
        double[] losses = eager.get(1);
        assertTrue(losses[2] < losses[0], losses[0] + " to " + losses[2]);
    }

    @Test
    void aFrozenModelKeepsItsStatistics() {
        Residual model = new Residual(0.1);
        model.batch.trainable(false);
        List<double[]> results = train(model, TrainerBuilder::compiled);
        assertEquals(model.variables().size() - 4, model.trainableVariables().size());
        int at = results.size()
                - model.variables().size()
                + model.variables().names().indexOf("residual/batch_normalization/moving_mean");
        assertArrayEquals(new double[8], results.get(at));
    }
}
