package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Reshape;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.testing.RecordingCallback;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** A compiled step does what the eager one does, and nothing else changes. */
class CompiledTest {

    private static final Batches DATA =
            Problems.clusters(410).shuffle(410).batch(10).prefetch(2);

    private static Model perceptron() {
        return Sequential.of(
                new Dense(16, Activations.RELU),
                new Dropout(0.3),
                new Dense(8, Activations.TANH),
                new Dropout(0.2),
                new Dense(Problems.CLASSES));
    }

    private static Model convolutional() {
        return Sequential.of(
                new Reshape(2, 2, 1),
                new Conv2D(4, 2, Activations.RELU),
                new MaxPool2D(1),
                new Flatten(),
                new Dropout(0.2),
                new Dense(Problems.CLASSES));
    }

    static Stream<Arguments> models() {
        return Stream.of(
                Arguments.of("perceptron", (Supplier<Model>) CompiledTest::perceptron),
                Arguments.of("convolutional", (Supplier<Model>) CompiledTest::convolutional));
    }

    private static List<Double> curve(TrainerBuilder builder, int epochs) {
        List<Double> losses = new ArrayList<>();
        try (Trainer trainer = builder.threads(1, 1).seed(4).build()) {
            Callback note = Callback.trainBatchEnd(
                    (run, event) -> losses.add(event.logs().get("loss")));
            trainer.fit(DATA, Fit.epochs(epochs).callbacks(note));
        }
        return losses;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void twoHundredStepsHaveTheLossesOfTheEagerStep(String name, Supplier<Model> model) {
        List<Double> eager = curve(Problems.trainerOf(model.get()), 5);
        List<Double> compiled = curve(Problems.trainerOf(model.get()).compiled(), 5);
        assertEquals(205, eager.size());
        assertEquals(eager.size(), compiled.size());
        for (int i = 0; i < eager.size(); i++) {
            assertEquals(eager.get(i), compiled.get(i), 1e-5 * eager.get(i), name + " step " + i);
        }
    }

    @Test
    void compiledRunsRepeatBitForBit() {
        List<Double> first = curve(Problems.trainerOf(perceptron()).compiled(), 2);
        assertEquals(first, curve(Problems.trainerOf(perceptron()).compiled(), 2));
    }

    private static History fit(TrainerBuilder builder, Batches data, Fit options) {
        try (Trainer trainer = builder.threads(1, 1).seed(4).build()) {
            return trainer.fit(data, options);
        }
    }

    @Test
    void severalStepsAnExecutionLearnTheSame() {
        Batches data = Problems.clusters(205).shuffle(205).batch(10);
        Fit options = Fit.epochs(3).validation(Problems.batches(50, 20));
        History one = fit(Problems.trainerOf(perceptron()).compiled(), data, options);
        for (int steps : new int[] {4, 7, 100}) {
            History several = fit(Problems.trainerOf(perceptron()).compiled().stepsPerExecution(steps), data, options);
            for (String name : one.names()) {
                for (int epoch = 0; epoch < 3; epoch++) {
                    double expected = one.values(name).get(epoch);
                    assertEquals(expected, several.values(name).get(epoch), 1e-5 * expected, steps + " " + name);
                }
            }
            assertEquals(21, several.epochs().get(0).steps());
            assertEquals(205, several.epochs().get(0).examples());
        }
    }

    @Test
    void eventsComeOncePerExecution() {
        RecordingCallback recording = new RecordingCallback();
        fit(
                Problems.trainerOf(perceptron()).compiled().stepsPerExecution(3),
                Problems.batches(41, 10),
                Fit.epochs(1).callbacks(recording));
        assertEquals(
                List.of(
                        "trainBegin 0..1 steps 5",
                        "epochBegin 0",
                        "trainBatchBegin 0",
                        "trainBatchEnd 2 of 30",
                        "trainBatchBegin 3",
                        "trainBatchEnd 4 of 11",
                        "epochEnd 0 accuracy,loss 41 examples",
                        "trainEnd accuracy,loss"),
                recording.lines());
    }

    @Test
    void theNumberOfStepsIsFoundByTimingTheFirst() {
        Batches data = Problems.clusters(2_000).shuffle(2_000).batch(10);
        try (Trainer trainer = Problems.trainerOf(perceptron())
                .compiled()
                .autoStepsPerExecution()
                .threads(1, 1)
                .seed(4)
                .build()) {
            History history = trainer.fit(data, Fit.epochs(2));
            assertFalse(trainer.describe().contains("as many as fit"), trainer.describe());
            assertEquals(200, history.epochs().get(0).steps());
            assertEquals(2_000, history.epochs().get(0).examples());
            History single = fit(Problems.trainerOf(perceptron()).compiled(), data, Fit.epochs(2));
            assertEquals(single.last("loss"), history.last("loss"), 1e-5 * single.last("loss"));
            assertEquals(
                    7,
                    trainer.fit(data, Fit.epochs(1).stepsPerEpoch(7))
                            .epochs()
                            .get(0)
                            .steps());
        }
    }

    @Test
    void evaluationAndPredictionAreCompiledToo() {
        Dataset data = Problems.clusters(50);
        try (Trainer eager =
                        Problems.trainerOf(perceptron()).threads(1, 1).seed(4).build();
                Trainer compiled = Problems.trainerOf(perceptron())
                        .compiled()
                        .threads(1, 1)
                        .seed(4)
                        .build()) {
            Map<String, Double> expected = eager.evaluate(data.batch(8));
            Map<String, Double> scores = compiled.evaluate(data.batch(8));
            expected.forEach((name, value) -> assertEquals(value, scores.get(name), 1e-6, name));
            assertEquals(
                    eager.predict(data.batch(8)).getFloat(49, 2),
                    compiled.predict(data.batch(8)).getFloat(49, 2),
                    1e-6f);
        }
    }

    @Test
    void aCompiledStepLeavesNothingBehind() {
        try (Trainer trainer = Problems.trainerOf(perceptron()).compiled().build()) {
            trainer.fit(DATA, Fit.epochs(1).validation(DATA));
            int live = trainer.session().liveHandles();
            trainer.fit(DATA, Fit.epochs(2).validation(DATA));
            assertEquals(live, trainer.session().liveHandles());
        }
    }

    /** Reads a value in Java, which a traced step cannot. */
    private static final class Peeking extends Layer {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            TapeSession.of(pass.tf()).read(x, tensor -> tensor.getFloat(0, 0));
            return x;
        }
    }

    /** Uses an operand that was made outside the step. */
    private static final class Smuggling extends Layer {
        private Operand<TFloat32> outside;

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return pass.tf().math.mul(x, outside);
        }
    }

    @Test
    void whatCannotBeTracedIsAnErrorThatSaysWhy() {
        try (Trainer trainer = Problems.trainerOf(Sequential.of(new Peeking(), new Dense(3)))
                .compiled()
                .build()) {
            IllegalArgumentException error = assertThrows(
                    IllegalArgumentException.class, () -> trainer.fit(Problems.batches(4, 4), Fit.epochs(1)));
            assertTrue(error.getMessage().contains("compiled"), error.getMessage());
        }
        Smuggling smuggling = new Smuggling();
        try (Trainer trainer = Problems.trainerOf(Sequential.of(smuggling, new Dense(3)))
                .compiled()
                .build()) {
            smuggling.outside = trainer.session().tf().constant(2f);
            IllegalArgumentException error = assertThrows(
                    IllegalArgumentException.class, () -> trainer.fit(Problems.batches(4, 4), Fit.epochs(1)));
            assertTrue(error.getMessage().contains("outside the step"), error.getMessage());
        }
    }

    /** Without dropout, for which XLA draws other numbers. */
    static Stream<Supplier<Model>> modelsWithoutDropout() {
        return Stream.of(Problems::network, CompiledTest::image);
    }

    @ParameterizedTest
    @MethodSource("modelsWithoutDropout")
    void xlaLearnsTheSame(Supplier<Model> model) {
        Dataset data = Problems.clusters(60);
        History plain = fit(Problems.trainerOf(model.get()), data.batch(8), Fit.epochs(2));
        History jit = fit(Problems.trainerOf(model.get()).jitCompile(), data.batch(8), Fit.epochs(2));
        for (String curve : plain.names()) {
            assertEquals(plain.last(curve), jit.last(curve), 1e-4, curve);
        }
    }

    private static Model image() {
        return Sequential.of(
                new Reshape(2, 2, 1), new Conv2D(4, 2, Activations.RELU), new Flatten(), new Dense(Problems.CLASSES));
    }

    /** An op that XLA does not know. */
    private static final class Fractional extends Layer {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return pass.tf()
                    .nn
                    .fractionalMaxPool(x, List.of(1f, 1.5f, 1.5f, 1f))
                    .output();
        }
    }

    @Test
    void anOpThatXlaCannotCompileIsNamed() {
        Model model = Sequential.of(new Reshape(2, 2, 1), new Fractional(), new Flatten(), new Dense(Problems.CLASSES));
        try (Trainer trainer = Problems.trainerOf(model).jitCompile().build()) {
            OpException error =
                    assertThrows(OpException.class, () -> trainer.fit(Problems.batches(4, 4), Fit.epochs(1)));
            assertTrue(error.getMessage().contains("FractionalMaxPool"), error.getMessage());
        }
    }

    @Test
    void verifiedStepsLearnTheSame() {
        List<Double> eager = curve(Problems.trainerOf(perceptron()), 1);
        List<Double> verified = curve(Problems.trainerOf(perceptron()).compiled(Compilation.verify(3)), 1);
        for (int i = 0; i < eager.size(); i++) {
            assertEquals(eager.get(i), verified.get(i), 1e-5 * eager.get(i), "step " + i);
        }
    }

    @Test
    void aStepThatCannotBeTracedStaysEagerWhenVerified() {
        History verified = fit(Problems.trainerOf(eagerOnly()).compiled(Compilation.verify(2)), DATA, Fit.epochs(2));
        assertEquals(
                82, verified.epochs().get(0).steps() + verified.epochs().get(1).steps());
        History eager = fit(Problems.trainerOf(eagerOnly()), DATA, Fit.epochs(2));
        assertEquals(eager.values("loss"), verified.values("loss"));
    }

    private static Model eagerOnly() {
        return Sequential.of(new Peeking(), new Dense(Problems.CLASSES));
    }

    /** Adds more each time Java runs it: once when traced, each time when eager. */
    private static final class Drifting extends Layer {
        private int calls;

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return pass.tf().math.add(x, pass.tf().constant((float) calls++));
        }
    }

    @Test
    void aStepThatDoesSomethingElseWhenTracedStaysEagerWhenVerified() {
        Drifting drifting = new Drifting();
        fit(
                Problems.trainerOf(Sequential.of(drifting, new Dense(Problems.CLASSES)))
                        .compiled(Compilation.verify(2)),
                Problems.batches(100, 10),
                Fit.epochs(1));
        assertEquals(11, drifting.calls, "ten eager steps and one trace");
    }

    /** Fails when it is first called, and is a cross-entropy from then on. */
    private static final class FailsOnce implements Loss {
        private final Loss then = SparseCategoricalCrossentropy.fromLogits();
        private int calls;

        @Override
        public Operand<TFloat32> call(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            if (calls++ == 0) {
                throw new IllegalStateException("on purpose");
            }
            return then.call(tf, target, prediction);
        }
    }

    @Test
    void aFirstStepThatFailsDoesNotMakeVerifiedStepsStayEager() {
        FailsOnce loss = new FailsOnce();
        Batches data = Problems.batches(40, 10);
        try (Trainer trainer = Problems.trainerOf(perceptron())
                .loss(loss)
                .compiled(Compilation.verify(2))
                .build()) {
            assertThrows(IllegalStateException.class, () -> trainer.fit(data, Fit.epochs(1)));
            trainer.fit(data, Fit.epochs(2));
        }
        assertEquals(1 + 2 + 1, loss.calls, "the failure, two eager steps and one trace");
    }

    @Test
    void anErrorInsideTheStepChangesNoWeight() {
        Dataset wrong = Dataset.of(new float[][] {{1, 2, 3, 4}}, new int[] {7});
        try (Trainer trainer = Problems.trainerOf(perceptron()).compiled().build()) {
            Batches good = Problems.batches(8, 8);
            trainer.fit(good, Fit.epochs(1));
            Map<String, Double> before = trainer.evaluate(good);
            OpException error = assertThrows(OpException.class, () -> trainer.fit(wrong.batch(1), Fit.epochs(1)));
            assertTrue(error.getMessage().contains("label value of 7"), error.getMessage());
            assertEquals("SparseSoftmaxCrossEntropyWithLogits", error.type(), "as op by op");
            assertEquals(before, trainer.evaluate(good));
        }
    }

    @Test
    void contradictoryOptionsAreRefused() {
        IllegalStateException eager = assertThrows(
                IllegalStateException.class,
                () -> Problems.trainerOf(perceptron()).stepsPerExecution(2).build());
        assertTrue(eager.getMessage().contains("compiled()"), eager.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Problems.trainerOf(perceptron())
                .stepsPerExecution(0));
        assertThrows(IllegalArgumentException.class, () -> Compilation.verify(0));
        assertThrows(IllegalStateException.class, () -> Problems.trainerOf(perceptron())
                .compiled(Compilation.verify(1))
                .stepsPerExecution(2)
                .build());
    }

    @Test
    void theLastExecutionOfAnEpochIsShorterWhereItsStepsAreNoMultiple() {
        List<Long> ends = new ArrayList<>();
        Callback recording = Callback.trainBatchEnd((run, event) -> ends.add(event.batch()));
        try (Trainer trainer =
                Problems.trainerOf(perceptron()).compiled().stepsPerExecution(4).build()) {
            History history = trainer.fit(
                    Problems.clusters(1_000).batch(10),
                    Fit.epochs(2).stepsPerEpoch(6).callbacks(recording));
            assertEquals(List.of(3L, 5L, 3L, 5L), ends);
            assertEquals(60, history.epochs().get(1).examples());
        }
    }
}
