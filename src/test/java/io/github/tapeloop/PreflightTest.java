package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Preflight.Kind;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Each finding of a preflight, one row each; and that it leaves nothing behind. */
class PreflightTest {

    private static final float[][] INPUTS = {{1, 2, 3, 4}, {4, 3, 2, 1}, {1, 0, 0, 1}};

    /** A mistake, the one kind of finding it must lead to, where, and words of its text. */
    record Mistake(String name, TrainerBuilder trainer, Batch batch, Kind kind, String where, List<String> words) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Mistake mistake(String name, Layer middle, Kind kind, String where, String... words) {
        return mistake(
                name, trainer(Sequential.of(new Dense(8), middle, new Dense(3))), labels(0, 1, 2), kind, where, words);
    }

    private static Mistake mistake(
            String name, TrainerBuilder trainer, Batch batch, Kind kind, String where, String... words) {
        return new Mistake(name, trainer, batch, kind, where, List.of(words));
    }

    private static TrainerBuilder trainer(Sequential model) {
        return Problems.trainerOf(model).threads(1, 1);
    }

    private static Batch labels(int... labels) {
        return Batch.of(INPUTS, labels);
    }

    private static Sequential plain() {
        return Sequential.of(new Dense(8, Activations.TANH), new Dense(3));
    }

    /** Two ops that nobody has a gradient for, one after the other. */
    private static Operand<TFloat32> withoutRule(Ops tf, Operand<TFloat32> x) {
        return igammaGrad(tf, igammaGrad(tf, x));
    }

    @SuppressWarnings("unchecked") // The op gives what it takes.
    private static Operand<TFloat32> igammaGrad(Ops tf, Operand<TFloat32> x) {
        Operand<?> y = tf.scope()
                .opBuilder("IgammaGradA", "IgammaGradA")
                .addInput(tf.constant(1f).asOutput())
                .addInput(tf.math.exp(x).asOutput())
                .build()
                .output(0);
        return (Operand<TFloat32>) y;
    }

    /** A layer of a user's that does not name its ops. */
    private static final class Nameless extends Layer {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return pass.tf().stopGradient(x);
        }
    }

    static Stream<Mistake> mistakes() {
        return Stream.of(
                mistake(
                        "no rule",
                        new Lambda((pass, x) -> withoutRule(pass.tf().withSubScope("model/odd"), x)),
                        Kind.NO_GRADIENT_RULE,
                        "IgammaGradA 'sequential/lambda/model/odd/IgammaGradA'",
                        "GradientRegistry.of(session).register(\"IgammaGradA\""),
                mistake(
                        "stop gradient",
                        new Nameless(),
                        Kind.UNREACHED_VARIABLE,
                        "sequential/dense/kernel",
                        "StopGradient 'StopGradient' of BiasAdd 'sequential/dense/BiasAdd'"),
                mistake(
                        "cast to int",
                        new Lambda((pass, x) ->
                                pass.tf().dtypes.cast(pass.tf().dtypes.cast(x, TInt32.class), TFloat32.class)),
                        Kind.UNREACHED_VARIABLE,
                        "sequential/dense/kernel",
                        "Cast 'sequential/lambda/Cast'"),
                mistake(
                        "one-hot of argMax",
                        new Lambda((pass, x) -> pass.tf()
                                .oneHot(
                                        pass.tf().math.argMax(x, pass.tf().constant(1)),
                                        pass.tf().constant(8),
                                        pass.tf().constant(1f),
                                        pass.tf().constant(0f))),
                        Kind.UNREACHED_VARIABLE,
                        "sequential/dense/kernel",
                        "ArgMax 'sequential/lambda/ArgMax'"),
                mistake(
                        "values replaced",
                        new Lambda((pass, x) -> pass.tf().onesLike(x)),
                        Kind.UNREACHED_VARIABLE,
                        "sequential/dense/kernel",
                        "does not depend on it"),
                mistake(
                        "too few dimensions",
                        new Lambda((pass, x) -> pass.tf().reshape(x, pass.tf().constant(new int[] {-1}))),
                        Kind.FAILURE,
                        "the step",
                        "sequential/dense_1",
                        "[24]"),
                mistake(
                        "an op refuses a shape",
                        new Lambda((pass, x) -> pass.tf().linalg.matMul(x, x)),
                        Kind.FAILURE,
                        "the step",
                        "MatMul",
                        "[3, 8]"),
                mistake(
                        "labels out of range",
                        trainer(plain()),
                        labels(1, 2, 3),
                        Kind.LABEL_OUT_OF_RANGE,
                        "the loss",
                        "[1.0, 3.0]",
                        "Count classes from 0"),
                mistake(
                        "a softmax before a loss of logits",
                        trainer(Sequential.of(new Dense(8), new Dense(3, Activations.SOFTMAX))),
                        labels(0, 1, 2),
                        Kind.MISTAKEN_LOGITS,
                        "Softmax",
                        "made with fromLogits()",
                        "Take the activation off"),
                mistake(
                        "a sigmoid before a loss of logits",
                        Trainer.of(Sequential.of(new Dense(8), new Dense(1, Activations.SIGMOID)))
                                .loss(BinaryCrossentropy.fromLogits())
                                .optimizer(new Adam()),
                        labels(0, 1, 1),
                        Kind.MISTAKEN_LOGITS,
                        "Sigmoid",
                        "which come from Sigmoid"),
                mistake(
                        "logits before a loss of probabilities",
                        Trainer.of(plain())
                                .loss(SparseCategoricalCrossentropy.fromProbabilities())
                                .optimizer(new Adam()),
                        labels(0, 1, 2),
                        Kind.MISTAKEN_LOGITS,
                        "BiasAdd",
                        "made with fromProbabilities()",
                        "SOFTMAX"),
                mistake(
                        "NaN in the data",
                        trainer(plain()),
                        Batch.of(new float[][] {{Float.NaN, 1}}, new int[] {0}),
                        Kind.NOT_FINITE,
                        "Mean",
                        "the input of this batch"),
                mistake(
                        "a logarithm of 0",
                        new Lambda((pass, x) -> pass.tf()
                                .math
                                .log(pass.tf().math.mul(x, pass.tf().constant(0f)))),
                        Kind.NOT_FINITE,
                        "Mean",
                        "Log 'sequential/lambda/Log'"),
                mistake(
                        "unscaled data",
                        trainer(Sequential.of(
                                new Dense(4),
                                new Lambda((pass, x) -> pass.tf().math.exp(x)),
                                new Dense(3))),
                        Batch.of(new float[][] {{25500, -25500}}, new int[] {0}),
                        Kind.NOT_FINITE,
                        "Mean",
                        "Exp 'sequential/lambda/Exp'",
                        "[-25500.0, 25500.0]",
                        "scale it"),
                mistake(
                        "a weight of zeros",
                        trainer(Sequential.of(
                                new Dense(4).useBias(false),
                                new Dense(3).kernel(w -> w.initializer(Initializer.zeros())))),
                        labels(0, 1, 2),
                        Kind.ZERO_GRADIENT,
                        "sequential/dense/kernel",
                        "would not learn"),
                mistake(
                        "a metric named as a validation",
                        trainer(plain()).metrics(new SparseCategoricalAccuracy("val_accuracy")),
                        labels(0, 1, 2),
                        Kind.NAME_CLASH,
                        "val_accuracy",
                        "'accuracy'"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void aMistakeLeadsToOneKindOfFinding(Mistake mistake) {
        try (Trainer trainer = mistake.trainer().build();
                Batch batch = mistake.batch()) {
            Preflight report = trainer.preflight(batch);
            assertEquals(
                    List.of(mistake.kind()),
                    report.findings().stream()
                            .map(Preflight.Finding::kind)
                            .distinct()
                            .toList(),
                    report.text());
            Preflight.Finding first = report.findings().get(0);
            assertTrue(first.where().contains(mistake.where()), report.text());
            mistake.words().forEach(word -> assertTrue(first.text().contains(word), report.text()));
            int live = trainer.session().liveHandles();
            trainer.preflight(batch);
            assertEquals(live, trainer.session().liveHandles(), "a preflight leaks");
        }
    }

    @Test
    void allOpsWithoutARuleAreListed() {
        Sequential model =
                Sequential.of(new Dense(8), new Lambda((pass, x) -> withoutRule(pass.tf(), x)), new Dense(3));
        try (Trainer trainer = trainer(model).build();
                Batch batch = labels(0, 1, 2)) {
            assertEquals(2, trainer.preflight(batch).of(Kind.NO_GRADIENT_RULE).size());
        }
    }

    private static List<Double> losses(boolean preflight, boolean compiled) {
        Sequential model = Sequential.of(
                new Dense(8, Activations.RELU),
                new BatchNormalization(),
                new Dropout(0.3),
                new Dense(Problems.CLASSES));
        TrainerBuilder builder = trainer(model).seed(3);
        try (Trainer trainer = (compiled ? builder.compiled() : builder).build();
                Batch batch = Batch.of(INPUTS, new int[] {0, 1, 2})) {
            List<Double> losses = new ArrayList<>();
            Callback note = Callback.trainBatchEnd((run, event) -> {
                losses.add(event.logs().get("loss"));
                losses.add(event.logs().get("accuracy"));
                losses.add((double) run.steps());
            });
            Fit options = Fit.epochs(2).callbacks(note);
            if (preflight) {
                trainer.preflight(batch).requireClear();
            }
            trainer.fit(Problems.batches(64, 16), options);
            if (preflight) {
                trainer.preflight(batch);
            }
            trainer.fit(Problems.batches(64, 16), options);
            losses.add((double) trainer.session().liveHandles());
            return losses;
        }
    }

    @Test
    void trainingIsTheSameWithAndWithoutAPreflight() {
        assertEquals(losses(false, false), losses(true, false));
        assertEquals(losses(false, true), losses(true, true));
    }

    /** Its weights are averages between runs, and it keeps slots that a preflight before the first step makes. */
    @ParameterizedTest
    @EnumSource
    void aScheduleFreeOptimizerGoesOnAsWithoutPreflights(Way way) {
        Batches data = Problems.batches(24, 8);
        List<History> runs = new ArrayList<>();
        for (boolean looks : new boolean[] {false, true}) {
            try (Trainer trainer = way.of(Problems.trainerOf(Problems.network()))
                            .optimizer(new ScheduleFreeAdamW(0.05))
                            .threads(1, 1)
                            .build();
                    Batch batch = Batch.of(INPUTS, new int[] {0, 1, 2})) {
                assertTrue(!looks || trainer.preflight(batch).isClear());
                trainer.fit(data, Fit.epochs(2));
                Map<String, Double> scores = trainer.evaluate(data);
                int live = trainer.session().liveHandles();
                assertTrue(!looks || trainer.preflight(batch).isClear());
                assertEquals(live, trainer.session().liveHandles());
                assertEquals(scores, trainer.evaluate(data));
                runs.add(trainer.fit(data, Fit.epochs(4).initialEpoch(2).validation(data)));
            }
        }
        for (String name : runs.get(0).names()) {
            assertEquals(runs.get(0).values(name), runs.get(1).values(name), name);
        }
    }

    @Test
    void aGoodTrainerIsClear() {
        try (Trainer trainer =
                        trainer(plain()).precision(DtypePolicy.MIXED_FLOAT16).build();
                Batch batch = labels(0, 1, 2)) {
            Preflight report = trainer.preflight(batch);
            assertTrue(report.isClear(), report.text());
            assertEquals("""
                    Preflight: nothing found
                      checked: gradients of 4 variables
                      checked: a step on a batch of 3
                      checked: metrics accuracy
                    """, report.text());
        }
    }

    @Test
    void whatACompiledStepCannotTraceIsFound() {
        try (Trainer trainer = trainer(Sequential.of(
                                new Lambda((pass, x) -> {
                                    double seen = TapeSession.of(pass.tf())
                                            .scalar(pass.tf()
                                                    .math
                                                    .mean(
                                                            x,
                                                            pass.tf()
                                                                    .range(
                                                                            pass.tf()
                                                                                    .constant(0),
                                                                            pass.tf()
                                                                                    .constant(2),
                                                                            pass.tf()
                                                                                    .constant(1))));
                                    return pass.tf().math.mul(x, pass.tf().constant((float) seen));
                                }),
                                new Dense(3)))
                        .compiled()
                        .build();
                Batch batch = labels(0, 1, 2)) {
            Preflight report = trainer.preflight(batch);
            assertEquals(1, report.of(Kind.FAILURE).size(), report.text());
            assertEquals("the compiled step", report.findings().get(0).where());
            assertTrue(
                    assertThrows(IllegalStateException.class, report::requireClear)
                            .getMessage()
                            .contains("compiled"),
                    report.text());
        }
    }

    @Test
    void aCustomStepIsUndoneWhateverItChanges() {
        Sequential generator = plain();
        Sequential other = Sequential.of(new Dense(3));
        SparseCategoricalCrossentropy loss = SparseCategoricalCrossentropy.fromLogits();
        Adam first = new Adam();
        Sgd second = new Sgd(0.1);
        CustomStep step = (context, batch) -> {
            Ops tf = context.tf();
            try (GradientTape tape = context.persistentTape()) {
                Operand<TFloat32> a =
                        loss.call(tf, batch.target(tf), generator.call(context.training(), batch.input(tf)));
                Operand<TFloat32> b = loss.call(tf, batch.target(tf), other.call(context.training(), batch.input(tf)));
                first.apply(tf, tape.gradients(a, generator.trainableVariables().filter(v -> v.name()
                        .contains("dense_1"))));
                second.apply(tf, tape.gradients(b, other.trainableVariables()));
                return Map.of("accuracy", a, "other", b);
            }
        };
        try (Trainer trainer = Trainer.of(generator)
                        .step(step)
                        .metrics(new Mean("accuracy"))
                        .threads(1, 1)
                        .build();
                Batch batch = labels(0, 1, 2)) {
            Preflight report = trainer.preflight(batch);
            assertEquals(
                    List.of(Kind.NAME_CLASH, Kind.UNREACHED_VARIABLE, Kind.UNREACHED_VARIABLE),
                    report.findings().stream().map(Preflight.Finding::kind).toList(),
                    report.text());
            assertEquals("sequential/dense/kernel", report.findings().get(1).where());
            assertFalse(report.unchecked().isEmpty());
            double[] before = values(other.variables().iterator().next());
            trainer.preflight(batch);
            assertTrue(
                    Arrays.equals(before, values(other.variables().iterator().next())), "the other model was trained");
        }
    }

    private static double[] values(Variable<?> variable) {
        return variable.session().read(float32(variable.read(variable.session().tf())), tensor -> {
            double[] values = new double[(int) tensor.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = tensor.asRawTensor().data().asFloats().getFloat(i);
            }
            return values;
        });
    }

    @SuppressWarnings("unchecked") // The weights here are float32.
    private static Operand<TFloat32> float32(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @Test
    void probabilitiesForALossOfProbabilitiesAreRight() {
        Sequential model = Sequential.of(new Dense(8), new Dense(3, Activations.SOFTMAX));
        try (Trainer trainer = Trainer.of(model)
                        .loss(SparseCategoricalCrossentropy.fromProbabilities())
                        .optimizer(new Adam())
                        .build();
                Batch batch = labels(0, 1, 2)) {
            Preflight report = trainer.preflight(batch);
            assertTrue(report.isClear(), report.text());
        }
    }
}
