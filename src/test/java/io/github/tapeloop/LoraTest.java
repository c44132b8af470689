package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Constraint;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.layer.TransformerEncoder;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** LoRA in models that are trained, merged, saved and taken over. */
class LoraTest {

    private static final Oracle KERAS = Oracle.load("keras_lora.txt");
    private static final int STEPS = 6;

    @TempDir
    private Path directory;

    private static Batches keras(boolean float64) {
        Shape ids = KERAS.shape("train.ids");
        double[][] inputs = new double[(int) ids.get(0)][];
        double[][] targets = new double[inputs.length][];
        for (int i = 0; i < inputs.length; i++) {
            int width = (int) ids.get(1);
            inputs[i] = Arrays.copyOfRange(KERAS.values("train.ids"), i * width, (i + 1) * width);
            targets[i] = new double[] {KERAS.values("train.targets")[i]};
        }
        return (float64 ? Dataset.of(inputs, targets) : Dataset.of(floats(inputs), floats(targets)))
                .batch(inputs.length);
    }

    private static float[][] floats(double[][] rows) {
        float[][] all = new float[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            all[i] = new float[rows[i].length];
            for (int j = 0; j < all[i].length; j++) {
                all[i][j] = (float) rows[i][j];
            }
        }
        return all;
    }

    private static String below(Model model, Variable<?> weight) {
        return weight.name().substring(model.path().length() + 1).replace('/', '.');
    }

    @ParameterizedTest
    @ValueSource(strings = {"sgd", "adam"})
    void aModelTrainsAsItDoesInKerasHoweverStepsAreRun(String run) {
        for (boolean float64 : new boolean[] {false, true}) {
            Map<String, String> first = new LinkedHashMap<>();
            for (Mode mode : float64 ? List.of(Mode.CACHED, Mode.LOOP) : List.of(Mode.values())) {
                Model model = Sequential.of(
                        new Embedding(11, 3).enableLora(2),
                        new Flatten(),
                        new Dense(5, Activations.TANH).enableLora(3, 6),
                        new Dense(1));
                Optimizer optimizer = run.equals("sgd") ? new Sgd(0.25).momentum(0.875) : adam();
                try (Trainer trainer = mode.of(
                                Trainer.of(model).loss(new MeanSquaredError()).optimizer(optimizer))
                        .threads(1, 1)
                        .build()) {
                    trainer.build(keras(float64));
                    model.variables().forEach(w -> w.assign(KERAS.values("train.w." + below(model, w))));
                    History history = trainer.fit(keras(float64), Fit.epochs(STEPS));
                    double tolerance = float64 ? 1e-9 : 1e-3;
                    assertArrayEquals(
                            KERAS.values("train." + run + ".losses"),
                            history.values("loss").stream().mapToDouble(x -> x).toArray(),
                            tolerance);
                    for (Variable<?> weight : model.variables()) {
                        String name = below(model, weight);
                        double[] after = weight.toDoubles();
                        assertArrayEquals(KERAS.values("train." + run + ".after." + name), after, tolerance, name);
                        String bits = Arrays.toString(after);
                        assertEquals(first.getOrDefault(name, bits), bits, mode + " " + name);
                        first.put(name, bits);
                    }
                }
            }
        }
    }

    private static Adam adam() {
        return new Adam(0.0625).betas(0.875, 0.984375).epsilon(Math.pow(2, -20));
    }

    private static Batches data(int seed) {
        float[][] ids = new float[12][4];
        float[][] targets = new float[12][2];
        for (int i = 0; i < ids.length; i++) {
            for (int j = 0; j < 4; j++) {
                ids[i][j] = (seed + 7 * i + 5 * j * j) % 11;
            }
            targets[i][0] = ids[i][1] / 11 - ids[i][3] / 5;
            targets[i][1] = ids[i][0] * seed / 30;
        }
        return Dataset.of(ids, targets).batch(4);
    }

    /** A body and a head that is trained as usual. */
    private static Model network(boolean lora) {
        Embedding embedding = new Embedding(11, 6);
        TransformerEncoder encoder = new TransformerEncoder(6, 2, 8);
        Dense dense = new Dense(16, Activations.TANH);
        if (lora) {
            embedding.enableLora(2);
            encoder.enableLora(2, 3, "query", "value", "attention_output");
            dense.enableLora(1);
        }
        return Sequential.of(embedding, encoder, new Flatten(), dense, new BatchNormalization(), new Dense(2));
    }

    private static TrainerBuilder trainerOf(Model model) {
        return Trainer.of(model)
                .loss(new MeanSquaredError())
                .optimizer(new Adam(0.02))
                .threads(1, 1)
                .seed(3);
    }

    private static float[] predictions(Trainer trainer) {
        FloatNdArray all = trainer.predict(data(1));
        float[] values = new float[(int) all.size()];
        int[] next = {0};
        all.scalars().forEach(x -> values[next[0]++] = x.getFloat());
        return values;
    }

    /** The numbers of some variables as text, by name. */
    private static Map<String, String> bits(Parameters some) {
        Map<String, String> bits = new TreeMap<>();
        some.toFloats().forEach((name, numbers) -> bits.put(name, Arrays.toString(numbers)));
        return bits;
    }

    private static Set<String> changed(Map<String, String> before, Map<String, String> after) {
        return after.keySet().stream()
                .filter(name -> !after.get(name).equals(before.get(name)))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @EnumSource(names = {"FULL", "MIXED_FLOAT16"})
    void onlyWhatIsNotFrozenIsTrainedAndHasMomentsAndSumsUp(DtypePolicy precision) {
        Map<String, String> first = null; // Eager, the softmax of the attention may differ in its last digit.
        for (Mode mode : List.of(Mode.COMPILED, Mode.LOOP)) {
            Model model = network(true);
            try (Trainer trainer =
                    mode.of(trainerOf(model).precision(precision)).build()) {
                trainer.build(data(1));
                Map<String, String> before = bits(model.variables());
                History history =
                        trainer.fit(data(1), Fit.epochs(4)); // The loss scale of float16 skips the first steps.
                Map<String, String> after = bits(model.variables());
                Set<String> trained = new TreeSet<>(model.trainableVariables().names());
                Set<String> statistics = Set.of(
                        "sequential/batch_normalization/moving_mean", "sequential/batch_normalization/moving_variance");
                assertEquals(new TreeSet<>(model.unfrozenVariables().names()), changed(before, after));
                assertEquals(
                        new TreeSet<>(model.unfrozenVariables().names()),
                        Stream.concat(trained.stream(), statistics.stream())
                                .collect(Collectors.toCollection(TreeSet::new)));
                String slots = Everything.variables(trainer).keySet().stream()
                        .filter(path -> path.startsWith("optimizer/"))
                        .collect(Collectors.joining(" "));
                model.variables()
                        .names()
                        .forEach(name -> assertEquals(trained.contains(name), slots.contains(name + "/"), slots));
                assertEquals(first == null ? after : first, after, mode.toString());
                first = after;
                String summary = model.summary();
                assertTrue(
                        summary.contains(String.format(
                                Locale.ROOT,
                                "total %,d, trainable %,d",
                                model.variables().elements(),
                                model.trainableVariables().elements())),
                        summary);
                assertEquals(3, summary.split("LoRA", -1).length - 1, summary);
                assertEquals(4, summary.split("frozen", -1).length - 1, summary);
            }
        }
    }

    /** With weights that differ from their starts. */
    static Stream<Arguments> adapted() {
        return Stream.of(
                Arguments.of("dense", new Dense(3), new Dense(3).enableLora(2, 5)),
                Arguments.of("embedding", new Embedding(11, 3), new Embedding(11, 3).enableLora(2)),
                Arguments.of(
                        "attention",
                        behindEmbedding(new MultiHeadAttention(2, 3)),
                        behindEmbedding(new MultiHeadAttention(2, 3)
                                .enableLora(1, 2, "attention_output", "key", "query", "value"))),
                Arguments.of(
                        "decoder",
                        behindEmbedding(new TransformerDecoder(4, 2, 3)),
                        behindEmbedding(new TransformerDecoder(4, 2, 3).enableLora(2))));
    }

    private static Layer behindEmbedding(Layer layer) {
        return Sequential.of(new Embedding(11, 4), layer);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("adapted")
    void aModelWithoutLoraTakesTheMergedWeightsAndGivesTheSameOutputs(String name, Layer plain, Layer lora) {
        Model without = Sequential.of(plain);
        Model with = Sequential.of(lora);
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(new float[][] {{1, 2, 3, 4}, {0, 5, 10, 9}});
            without.call(ForwardPass.inference(tf), x);
            with.call(ForwardPass.inference(tf), x);
            with.variables()
                    .forEach(w -> w.assign(FiniteDifferences.numbers(w.shape().size())));
            assertEquals(without.variables().size(), with.baseVariables().size());
            float[] before = session.floats(with.call(ForwardPass.inference(tf), x));
            Map<String, String> apart = bits(with.variables());
            Parameters merged = with.mergeLora();
            assertEquals(with.baseVariables(), merged);
            assertArrayEquals(before, session.floats(with.call(ForwardPass.inference(tf), x)), 1e-5f);
            without.variables().assign(tf, merged);
            assertArrayEquals(
                    session.floats(with.call(ForwardPass.inference(tf), x)),
                    session.floats(without.call(ForwardPass.inference(tf), x)));
            Map<String, String> once = bits(with.variables());
            changed(apart, once)
                    .forEach(weight -> assertTrue(
                            weight.endsWith("/kernel") || weight.endsWith("/embeddings") || weight.endsWith("_b"),
                            weight));
            with.mergeLora(); // Again: nothing is left to add.
            assertEquals(once, bits(with.variables()));
        }
    }

    private static long bytes(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatWasTrainedBeforeAndWhatWasLearntAreFilesOfTheirOwn() {
        Path body = directory.resolve("body");
        Path learnt = directory.resolve("learnt");
        Path merged = directory.resolve("merged");
        float[] trained;
        float[] tuned;
        try (Trainer trainer = trainerOf(network(false)).build()) {
            trainer.fit(data(1), Fit.epochs(2));
            trainer.save(body);
            trained = predictions(trainer);
        }
        Model model = network(true);
        try (Trainer trainer = trainerOf(model).build()) {
            trainer.build(data(2));
            trainer.loadWeights(body, model.baseVariables());
            assertArrayEquals(trained, predictions(trainer)); // What LoRA adds is 0.
            trainer.fit(data(2), Fit.epochs(2));
            tuned = predictions(trainer);
            assertFalse(Arrays.equals(trained, tuned));
            trainer.saveWeights(learnt, model.unfrozenVariables());
            assertTrue(bytes(learnt) < bytes(body) / 4, bytes(learnt) + " of " + bytes(body));
            trainer.saveWeights(merged, model.mergeLora());
        }
        Model other = network(true);
        try (Trainer trainer = trainerOf(other).build()) {
            trainer.build(data(2));
            trainer.loadWeights(body, other.baseVariables());
            trainer.loadWeights(learnt, other.unfrozenVariables());
            assertArrayEquals(tuned, predictions(trainer));
        }
        try (Trainer trainer = trainerOf(network(false)).build()) {
            trainer.load(merged);
            assertArrayEquals(tuned, predictions(trainer), 1e-5f);
        }
        try (Predictor predictor =
                Predictor.load(merged, network(false), Serving.of().input(Shape.of(4)))) {
            assertArrayEquals(new float[] {tuned[0], tuned[1]}, predictor.predict(1, 6, 10, 2), 1e-5f);
        }
    }

    @Test
    void aBodyThatWasSavedAloneIsTakenOverUnderAnotherHead() {
        Path saved = directory.resolve("body");
        Model body = Sequential.of(new Embedding(11, 3), new Flatten(), new Dense(4));
        try (Trainer trainer = trainerOf(Sequential.of(body, new Dense(2))).build()) {
            trainer.fit(data(1), Fit.epochs(1));
            trainer.saveWeights(saved, body.variables());
        }
        Model tuned = Sequential.of(new Embedding(11, 3).enableLora(1), new Flatten(), new Dense(4).enableLora(1));
        Model whole = Sequential.of(tuned, new Dense(5, Activations.TANH), new Dense(2));
        try (Trainer trainer = trainerOf(whole).build()) {
            trainer.build(data(1));
            Map<String, String> start = bits(whole.variables());
            trainer.loadWeights(saved, tuned.baseVariables());
            assertEquals(
                    Set.of(
                            "sequential/sequential/embedding/embeddings",
                            "sequential/sequential/dense/kernel",
                            "sequential/sequential/dense/bias"),
                    changed(start, bits(whole.variables())));
        }
    }

    @Test
    void filesOfOtherWeightsAreRefusedAndChangeNothing() {
        Model plain = network(false);
        Model model = network(true);
        Path full = directory.resolve("full");
        Path some = directory.resolve("some");
        try (Trainer without = trainerOf(plain).build();
                Trainer with = trainerOf(model).build()) {
            refused(IllegalArgumentException.class, () -> with.saveWeights(some, model.variables()), "trainer.build");
            without.build(data(1));
            with.build(data(1));
            without.save(full);
            with.saveWeights(some, model.unfrozenVariables());
            Map<String, String> before = bits(model.variables());
            String added = "sequential/dense/lora_kernel_a";
            refused(CheckpointException.class, () -> with.load(full), added, "loadWeights");
            refused(CheckpointException.class, () -> with.loadWeights(full, model.variables()), added);
            refused(CheckpointException.class, () -> with.loadWeights(some, model.variables()), "dense/kernel");
            refused(CheckpointException.class, () -> with.loadWeights(some, model.baseVariables()), added);
            refused(CheckpointException.class, () -> without.load(some), added);
            refused(IllegalArgumentException.class, () -> with.loadWeights(full, plain.variables()), "besides");
            refused(IllegalArgumentException.class, () -> with.loadWeights(full, Parameters.of()), "got none");
            refused(
                    CheckpointException.class,
                    () -> Predictor.load(some, network(true), Serving.of().input(Shape.of(4)))
                            .close(),
                    "dense/kernel",
                    "missing");
            assertEquals(before, bits(model.variables()));
        }
    }

    private static void refused(Class<? extends Exception> type, Executable call, String... words) {
        Exception error = assertThrows(type, call);
        for (String word : words) {
            assertTrue(error.getMessage().contains(word), error.getMessage());
        }
    }

    @Test
    void thatTheFirstFactorHasNoGradientAtFirstIsNoFinding() {
        try (Trainer trainer = trainerOf(network(true)).build();
                BatchIterator batches = data(1).open(1, 0);
                Batch batch = batches.next()) {
            assertEquals(List.of(), trainer.preflight(batch).findings());
        }
    }

    @Test
    void mistakesAreNamed() {
        Dense dense = new Dense(2).enableLora(1);
        refused(
                IllegalArgumentException.class,
                () -> dense.kernel(w -> w.constraint(Constraint.nonNegative())),
                "LoRA");
        refused(IllegalStateException.class, dense::mergeLora, "no weights to merge yet", "build");
        refused(IllegalStateException.class, () -> new Dense(2).mergeLora(), "no LoRA", "enableLora");
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope()) {
            ForwardPass pass = ForwardPass.inference(session.tf());
            refused(
                    IllegalStateException.class,
                    () -> new Embedding(3, 2).enableLora(1).table(pass),
                    "embedding",
                    "leave LoRA out");
        }
    }

    @Test
    void theGradientOfTheFirstFactorOfAnEmbeddingIsOfTheRowsThatWereLookedUp() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(session.tf())) {
            Ops tf = session.tf();
            Embedding layer = new Embedding(1_000, 3).enableLora(2);
            Operand<TFloat32> y = layer.call(ForwardPass.training(tf), tf.constant(new float[][] {{7, 998}}));
            Parameters trained = layer.trainableVariables();
            assertEquals(List.of("embedding/lora_embeddings_a", "embedding/lora_embeddings_b"), trained.names());
            Operand<?> gradient = tape.gradients(tf.sum(y, tf.constant(new int[] {0, 1, 2})), trained)
                    .of(trained.get("embedding/lora_embeddings_a"))
                    .orElseThrow();
            IndexedSlices<?> rows = assertInstanceOf(IndexedSlices.class, gradient);
            assertArrayEquals(new long[] {7, 998}, session.longs(rows.indices()));
        }
    }
}
