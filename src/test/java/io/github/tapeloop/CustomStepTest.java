package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Steps that users write run like the trainer's own: eager, compiled, several in one call. */
class CustomStepTest {

    private static final Batches DATA = Problems.clusters(100).shuffle(100).batch(10);

    private static Model network() {
        return Sequential.of(new Dense(8, Activations.RELU), new Dropout(0.2), new Dense(Problems.CLASSES));
    }

    private static Trainer build(TrainerBuilder builder, int perExecution) {
        builder.seed(6).threads(1, 1);
        return perExecution == 0
                ? builder.build()
                : builder.compiled().stepsPerExecution(perExecution).build();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5})
    void aStepThatDoesWhatTheTrainersOwnDoesGivesTheSameHistory(int perExecution) {
        Fit options = Fit.epochs(3).validation(Problems.batches(30, 10));
        History own;
        try (Trainer trainer = build(Problems.trainerOf(network()), perExecution)) {
            own = trainer.fit(DATA, options);
        }
        Model model = network();
        Optimizer adam = new Adam(0.01);
        Loss loss = SparseCategoricalCrossentropy.fromLogits();
        SparseCategoricalAccuracy accuracy = new SparseCategoricalAccuracy();
        TrainerBuilder custom = Trainer.of(model).loss(loss).metrics(accuracy).step((step, batch) -> {
            Ops tf = step.tf();
            try (GradientTape tape = step.tape()) {
                Operand<TFloat32> logits = step.training().call(model, batch.input(tf));
                Operand<TFloat32> value = loss.call(tf, batch.target(tf), logits);
                adam.apply(tf, tape.gradients(value, model.trainableVariables()));
                accuracy.update(tf, batch.target(tf), logits);
                return Map.of("loss", value);
            }
        });
        try (Trainer trainer = build(custom, perExecution)) {
            History history = trainer.fit(DATA, options);
            assertEquals(own.names(), history.names());
            own.names().forEach(name -> assertEquals(own.values(name), history.values(name), name));
        }
    }

    /** Two players: one learns to tell, the other to please it, reading what the first has just become. */
    private static final class Players {

        private final Model generator = Sequential.of(new Dense(6, Activations.TANH), new Dense(Problems.FEATURES));
        private final Model critic = Sequential.of(new Dense(6, Activations.TANH), new Dense(1));
        private final Optimizer generatorOptimizer = new Adam(0.02);
        private final Optimizer criticOptimizer = new Sgd(0.1);

        private Map<String, Operand<TFloat32>> step(StepContext step, Batch batch) {
            Ops tf = step.tf();
            Operand<TFloat32> noise =
                    tf.random.statelessRandomNormal(tf.constant(new int[] {10, 2}), step.randomSeed(), TFloat32.class);
            Operand<TFloat32> criticLoss;
            try (GradientTape tape = step.tape()) {
                ForwardPass pass = step.training();
                Operand<TFloat32> fake = critic.call(pass, generator.call(pass, noise));
                Operand<TFloat32> real = critic.call(pass, batch.input(tf));
                criticLoss = tf.math.sub(mean(tf, fake), mean(tf, real));
                criticOptimizer.apply(tf, tape.gradients(criticLoss, critic.trainableVariables()));
            }
            try (GradientTape tape = step.tape()) {
                ForwardPass pass = step.training();
                Operand<TFloat32> generatorLoss = tf.math.neg(mean(tf, critic.call(pass, generator.call(pass, noise))));
                generatorOptimizer.apply(tf, tape.gradients(generatorLoss, generator.trainableVariables()));
                return Map.of("critic_loss", criticLoss, "generator_loss", generatorLoss);
            }
        }

        private static Operand<TFloat32> mean(Ops tf, Operand<TFloat32> x) {
            return tf.math.mean(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0));
        }

        private TrainerBuilder trainer() {
            return Trainer.of(generator)
                    .step(this::step)
                    .includes(critic, criticOptimizer, generatorOptimizer)
                    .seed(9)
                    .threads(1, 1);
        }

        private List<Map<String, Double>> curve(TrainerBuilder builder) {
            List<Map<String, Double>> logs = new ArrayList<>();
            try (Trainer trainer = builder.build()) {
                trainer.fit(
                        DATA, Fit.epochs(3).callbacks(Callback.trainBatchEnd((run, event) -> logs.add(event.logs()))));
            }
            return logs;
        }
    }

    @Test
    void twoPlayersWithTwoOptimizersTakeTheSameStepsEagerAndCompiled() {
        Players first = new Players();
        List<Map<String, Double>> eager = first.curve(first.trainer());
        Players players = new Players();
        List<Map<String, Double>> compiled = players.curve(players.trainer().compiled());
        assertEquals(30, eager.size());
        assertEquals(Set.of("critic_loss", "generator_loss"), eager.get(0).keySet());
        for (int i = 0; i < eager.size(); i++) {
            for (String name : eager.get(i).keySet()) {
                double expected = eager.get(i).get(name);
                assertEquals(expected, compiled.get(i).get(name), 1e-5 * Math.max(1, Math.abs(expected)), name + i);
            }
        }
    }

    @Test
    void verificationComparesAllThatTheStepIncludes() {
        Players players = new Players();
        List<Map<String, Double>> verified = players.curve(players.trainer().compiled(Compilation.verify(3)));
        Players again = new Players();
        assertEquals(again.curve(again.trainer()), verified);
    }

    @Test
    void aTestStepAndAPredictStepTakeThePlaceOfTheTrainersOwn() {
        Model model = network();
        try (Trainer trainer = Problems.trainerOf(model)
                .testStep((step, batch) -> Map.of("two", step.tf().constant(2f)))
                .predictStep((step, batch) -> step.tf().math.neg(batch.input(step.tf())))
                .build()) {
            assertEquals(Map.of("two", 2.0, "accuracy", 0.0), trainer.evaluate(DATA));
            FloatNdArray predictions = trainer.predict(Problems.batches(4, 2));
            FloatNdArray inputs = predict((step, batch) -> batch.input(step.tf()));
            assertEquals(inputs.shape(), predictions.shape());
            inputs.scalars().forEachIndexed((at, input) -> assertEquals(-input.getFloat(), predictions.getFloat(at)));
        }
    }

    private static FloatNdArray predict(CustomStep.Prediction prediction) {
        try (Trainer trainer =
                Problems.trainerOf(network()).predictStep(prediction).build()) {
            return trainer.predict(Problems.batches(4, 2));
        }
    }

    private static String failure(TrainerBuilder builder) {
        try (Trainer trainer = builder.build()) {
            return assertThrows(RuntimeException.class, () -> trainer.fit(DATA, Fit.epochs(2)))
                    .getMessage();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mistakesAreExplained(boolean compiled) {
        CustomStep nothing = (step, batch) -> Map.of();
        CustomStep noScalar = (step, batch) -> Map.of("loss", step.tf().constant(new float[] {1, 2}));
        CustomStep taken = (step, batch) -> Map.of("accuracy", step.tf().constant(1f));
        assertTrue(failure(with(nothing, compiled)).contains("returned nothing"));
        assertTrue(failure(with(noScalar, compiled)).contains("'loss' is float32 [2]"));
        assertTrue(failure(with(taken, compiled).metrics(new SparseCategoricalAccuracy()))
                .contains("'accuracy', but so is a metric"));
    }

    @Test
    void otherNamesInALaterStepAreRefused() {
        int[] count = new int[1];
        CustomStep changing =
                (step, batch) -> Map.of("loss" + count[0]++, step.tf().constant(1f));
        String message = failure(with(changing, false));
        assertTrue(message.contains("[loss0]") && message.contains("[loss1]"), message);
    }

    @Test
    void whatAStepDoesNotBringIsMissedWithAnExplanation() {
        CustomStep step = (context, batch) -> Map.of("loss", context.tf().constant(1f));
        try (Trainer trainer = with(step, false).build()) {
            assertTrue(assertThrows(IllegalStateException.class, () -> trainer.evaluate(DATA))
                    .getMessage()
                    .contains("testStep(…)"));
            Callback asks = Callback.epochEnd((run, event) -> run.learningRate());
            Throwable failure = assertThrows(
                    RuntimeException.class,
                    () -> trainer.fit(DATA, Fit.epochs(1).callbacks(asks)));
            assertTrue(failure.getCause().getMessage().contains("optimizer(…)"), failure.toString());
        }
    }

    private static TrainerBuilder with(CustomStep step, boolean compiled) {
        TrainerBuilder builder = Trainer.of(network()).step(step);
        return compiled ? builder.compiled() : builder;
    }

    @Test
    void aFailingStepLeavesNothingBehind() {
        Model model = network();
        CustomStep fails = (step, batch) -> {
            step.training().call(model, batch.input(step.tf()));
            throw new IllegalStateException("on purpose");
        };
        try (Trainer trainer = Trainer.of(model).step(fails).build()) {
            assertThrows(IllegalStateException.class, () -> trainer.fit(DATA, Fit.epochs(1)));
            long live = trainer.session().liveHandles();
            assertThrows(IllegalStateException.class, () -> trainer.fit(DATA, Fit.epochs(1)));
            assertEquals(live, trainer.session().liveHandles());
        }
    }
}
