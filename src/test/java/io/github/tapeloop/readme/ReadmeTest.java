package io.github.tapeloop.readme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Predictor;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.GlobalAveragePool1D;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.PositionEmbedding;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.layer.TransformerEncoder;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** What the README shows is compiled, is the same to the letter, and does what it says. */
class ReadmeTest {

    private static final Path SNIPPETS =
            Path.of("src", "test", "java", "io", "github", "tapeloop", "readme", "ReadmeSnippets.java");
    private static final Pattern SHOWN =
            Pattern.compile("<!-- region: (\\S+) -->\\R```java\\R(.*?)```", Pattern.DOTALL);
    private static final Pattern REGION =
            Pattern.compile("[ ]*// region (\\S+)\\R(.*?)[ ]*// endregion \\1", Pattern.DOTALL);

    private static Map<String, String> find(Pattern pattern, Path file) throws IOException {
        Map<String, String> found = new LinkedHashMap<>();
        Matcher matcher = pattern.matcher(Files.readString(file, StandardCharsets.UTF_8));
        while (matcher.find()) {
            String code = matcher.group(2).replace("\r\n", "\n").replaceAll("\\n[ ]*return history;", "");
            found.put(matcher.group(1), code.stripTrailing().stripIndent().strip());
        }
        return found;
    }

    @Test
    void theReadmeShowsTheCodeThatIsTested() throws IOException {
        Map<String, String> regions = find(REGION, SNIPPETS);
        Map<String, String> shown = find(SHOWN, Path.of("README.md"));
        Map<String, String> beside = find(SHOWN, Path.of("src", "docs", "stop-and-go-on.md"));
        assertEquals(1, beside.size());
        beside.forEach((name, code) -> assertEquals(code, regions.remove(name), name));
        assertEquals(regions.keySet(), shown.keySet());
        regions.forEach((name, code) -> assertEquals(code, shown.get(name), name));
        long fences = Files.readString(Path.of("README.md"), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.equals("```java"))
                .count();
        assertEquals(shown.size(), fences, "every Java block of the README must be a region");
    }

    private static Dataset digits(int examples) {
        float[][] images = new float[examples][784];
        int[] labels = new int[examples];
        for (int i = 0; i < examples; i++) {
            labels[i] = i % 10;
            images[i][labels[i] * 70] = 1;
        }
        return Dataset.of(images, labels);
    }

    @Test
    void theProgramThatCanBeKilledGoesOn(@TempDir Path directory) {
        Batches train = digits(600).shuffle(600).batch(50);
        History first = ReadmeSnippets.stopAndGoOn(train, digits(100).batch(50), directory);
        History second = ReadmeSnippets.stopAndGoOn(train, digits(100).batch(50), directory);
        assertEquals(first.epochs(), second.epochs());
    }

    @Test
    void theFitProgramLearns() {
        History history = ReadmeSnippets.fit(digits(2_000), digits(100));
        assertTrue(history.last("val_accuracy") > 0.95, history::toString);
    }

    /** Words are told by the one before, counted from 0 to 9 and again. */
    @Test
    void theWriterGoesOnAsItHasLearnt() {
        int[][] counted = new int[10][33];
        for (int i = 0; i < counted.length; i++) {
            int first = i;
            Arrays.setAll(counted[i], k -> (first + k) % 10);
        }
        Columns columns = new Columns()
                .input(ColumnData.of(Stream.of(counted)
                        .map(row -> Arrays.copyOfRange(row, 0, 32))
                        .toArray(int[][]::new)))
                .target(ColumnData.of(Stream.of(counted)
                        .map(row -> Arrays.copyOfRange(row, 1, 33))
                        .toArray(int[][]::new)));
        Model writer = Sequential.of(
                new Embedding(10, 8), new PositionEmbedding(32), new TransformerDecoder(8, 2, 16), new Dense(10));
        try (Trainer trainer = Trainer.of(writer)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.03))
                .threads(1, 1)
                .seed(1)
                .compiled()
                .build()) {
            trainer.fit(Dataset.of(columns).batch(10), Fit.epochs(60));
            int[] expected = new int[32];
            Arrays.setAll(expected, i -> (7 + i) % 10);
            assertArrayEquals(expected, ReadmeSnippets.write(trainer, new int[] {7, 8, 9}));
        }
    }

    @Test
    void aTrainedBodyIsCopiedIntoAnotherModelAndStaysFrozen() {
        Batches data = digits(200).batch(50);
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                Trainer first = trainer(Sequential.of(new Dense(8), new Dense(10)), session)) {
            first.fit(data, Fit.epochs(1));
            Layer trained = first.model().layers().get("dense");
            Dense body = new Dense(8);
            body.trainable(false);
            try (Trainer second = trainer(Sequential.of(body, new Dense(10)), session)) {
                second.predict(data);
                body.variables().assign(session.tf(), trained.variables());
                double loss = second.evaluate(data).get("loss");
                second.fit(data, Fit.epochs(2));
                assertTrue(second.evaluate(data).get("loss") < loss);
                assertEquals(total(session, trained), total(session, body));
            }
        }
    }

    @Test
    void aBodyIsTunedByLoraAndSavedInParts(@TempDir Path directory) {
        float[][] ids = new float[40][5];
        int[] labels = new int[40];
        for (int i = 0; i < ids.length; i++) {
            labels[i] = i % 2;
            Arrays.fill(ids[i], 0, 3, 1 + labels[i]);
        }
        Batches reviews = Dataset.of(ids, labels).batch(20);
        Path body = directory.resolve("body");
        Path merged = directory.resolve("merged");
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                Trainer trainer = trainer(encoder(), session)) {
            trainer.fit(reviews, Fit.epochs(1));
            trainer.save(body);
        }
        ReadmeSnippets.lora(reviews, body, directory.resolve("learnt"), merged);
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                Trainer trainer = trainer(encoder(), session)) {
            trainer.load(body);
            double before = trainer.evaluate(reviews).get("loss");
            trainer.loadWeights(merged, trainer.model().variables());
            assertTrue(trainer.evaluate(reviews).get("loss") < before);
        }
    }

    private static Model encoder() {
        return Sequential.of(
                new Embedding(1000, 32).maskZero(true),
                new TransformerEncoder(32, 4, 64),
                new GlobalAveragePool1D(),
                new Dense(2));
    }

    @Test
    void modelsAreMadeOfNodesAndOfTrainedParts() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Sequential body = Sequential.of(new Dense(4));
            Sequential.of(body, new Dense(1)).build(session, Shape.of(-1, 8));
            String summaries = ReadmeSnippets.compose(session, body);
            for (String words : new String[] {"functional/dense_2 (Dense)", "[-1, 32]", "[-1, 5]", "frozen"}) {
                assertTrue(summaries.contains(words), summaries);
            }
        }
    }

    private static Trainer trainer(Model model, TapeSession session) {
        return Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Sgd(0.1))
                .session(session)
                .build();
    }

    private static double total(TapeSession session, Layer layer) {
        Ops tf = session.tf();
        double total = 0;
        for (Variable<?> variable : layer.variables()) {
            Operand<TFloat64> value = Tensors.cast(tf, variable.read(tf), TFloat64.class);
            total += session.scalar(tf.sum(
                    tf.math.square(value),
                    tf.range(tf.constant(0), tf.constant(variable.shape().numDimensions()), tf.constant(1))));
        }
        return total;
    }

    @Test
    void theRunOnAThreadOfItsOwnIsPausedAndLearns() {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (TapeSession session =
                        TapeSession.builder().threads(1, 1).takeTurns(true).build();
                Trainer trainer = trainer(new ReadmeSnippets.Mlp(), session)) {
            History history = ReadmeSnippets.fitAsync(
                    trainer,
                    digits(2_000).batch(32),
                    digits(10).batch(10),
                    new PrintStream(printed, true, StandardCharsets.UTF_8));
            assertTrue(history.last("loss") < 0.1, history::toString);
        }
        String line = printed.toString(StandardCharsets.UTF_8);
        assertTrue(line.matches("(paused|running)(, epoch 1 of 20, step \\d+ of 63.*)?\\R"), line);
    }

    @Test
    void whatAnotherProcessServesHasLearnt(@TempDir Path directory) {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        float[] seven = new float[784];
        seven[7 * 70] = 1;
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                Trainer trainer = trainer(new ReadmeSnippets.Mlp(), session)) {
            Batches train = digits(2_000).batch(20);
            Predictor.Label digit = ReadmeSnippets.serve(
                    trainer, train, train, directory, seven, new PrintStream(printed, true, StandardCharsets.UTF_8));
            assertEquals(7, digit.index());
        }
        assertTrue(printed.toString(StandardCharsets.UTF_8).startsWith("7, "), printed::toString);
    }

    @Test
    void theCustomLoopLearns() {
        Batches train = digits(2_000).batch(32);
        PrintStream quiet = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        assertTrue(ReadmeSnippets.customLoop(new ReadmeSnippets.Mlp(), train, 3, quiet) > 0.95);
    }

    @Test
    void theCustomStepLearns() {
        try (Trainer trainer = ReadmeSnippets.customStep(new ReadmeSnippets.Mlp())) {
            History history = trainer.fit(digits(2_000).batch(32), Fit.epochs(4));
            assertTrue(history.last("loss") < 0.2, history::toString);
        }
    }

    @Test
    void theTapeGivesTheSecondDerivative() {
        assertEquals(18.0, ReadmeSnippets.secondDerivative());
    }

    @Test
    void theCallbackStopsTheRun() {
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(10)))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Sgd(10))
                .metrics(new SparseCategoricalAccuracy())
                .build()) {
            History history =
                    trainer.fit(digits(500).batch(10), Fit.epochs(50).callbacks(ReadmeSnippets.stopWhenGood()));
            assertEquals(Optional.of("accuracy reached 0.99"), history.stopReason());
            assertTrue(history.epochs().size() < 50, history::toString);
        }
    }
}
