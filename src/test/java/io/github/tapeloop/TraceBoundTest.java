package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.GlobalAveragePool1D;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.FunctionCount;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** However many kinds of batches and settings of frozen layers there are, traces stay few and numbers right. */
class TraceBoundTest {

    private static final int MOST_TRACES = 32;
    private static final int SETTINGS = 20;
    private static final int MOST_SETTINGS = 8;

    private static Trainer trainer(boolean compiled, Layer... layers) {
        Model model = Sequential.of(layers);
        TrainerBuilder builder = Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Sgd(0.5))
                .seed(2)
                .threads(1, 1);
        return (compiled ? builder.compiled() : builder).build();
    }

    /** One step on two sequences of a length, an id each place. */
    private static double step(Trainer trainer, int length) {
        float[][] ids = new float[2][length];
        for (int i = 0; i < length; i++) {
            ids[0][i] = i % 5;
            ids[1][i] = i % 3;
        }
        try (BatchIterator batches = Dataset.of(ids, new int[] {length % 3, (length + 1) % 3})
                .batch(2)
                .iterator()) {
            return trainer.trainOnBatch(batches.next()).get("loss");
        }
    }

    private static Layer[] sequenceModel() {
        return new Layer[] {new Embedding(5, 4), new GlobalAveragePool1D(), new Dense(3)};
    }

    /** Three times as many as are kept: each of them has gone, and the next ones have, too. */
    @Test
    void aHundredLengthsKeepAFewTracesAndTheNumbersOfEagerSteps() {
        keepAFewTraces(100);
    }

    @Test
    @Tag("slow")
    void threeHundredLengthsKeepAFewTracesAndTheNumbersOfEagerSteps() {
        keepAFewTraces(300);
    }

    private static void keepAFewTraces(int lengths) {
        List<Double> eager = new ArrayList<>();
        try (Trainer trainer = trainer(false, sequenceModel())) {
            for (int length = 1; length <= lengths; length++) {
                eager.add(step(trainer, length));
            }
            eager.add(step(trainer, 1));
        }
        List<Double> compiled = new ArrayList<>();
        int[] most = new int[2]; // Functions, handles.
        String said = said(() -> {
            try (Trainer trainer = trainer(true, sequenceModel())) {
                compiled.add(step(trainer, 1));
                int perTrace = FunctionCount.of(trainer.session());
                assertEquals(1, perTrace);
                for (int length = 2; length <= lengths; length++) {
                    compiled.add(step(trainer, length));
                    most[0] = Math.max(most[0], FunctionCount.of(trainer.session()));
                    if (length == lengths / 2) {
                        most[1] = trainer.session().liveHandles();
                    }
                }
                assertEquals(most[1], trainer.session().liveHandles(), "handles after half of the lengths and all");
                compiled.add(step(trainer, 1)); // Its trace has gone long ago.
            }
        });
        assertEquals(MOST_TRACES, most[0]);
        assertEquals(eager, compiled);
        assertEquals(1, said.split("train_step was traced 5 times", -1).length - 1, said);
        assertTrue(said.contains("The 32 used last are kept"), said);
    }

    /** What is logged by a piece of work. */
    private static String said(Runnable work) {
        PrintStream before = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            work.run();
        } finally {
            System.setErr(before);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static Layer[] layers() {
        return Stream.concat(
                        IntStream.range(0, SETTINGS).mapToObj(i -> new Dense(4)),
                        Stream.of(new Dense(Problems.CLASSES)))
                .toArray(Layer[]::new);
    }

    private static double step(Trainer trainer) {
        try (BatchIterator batches = Problems.batches(6, 6).iterator()) {
            return trainer.trainOnBatch(batches.next()).get("loss");
        }
    }

    /** Freezes each layer alone, twice in turn, and takes two steps each time. */
    private static List<Double> freezing(Trainer trainer, Layer[] layers, Runnable afterStep) {
        List<Double> losses = new ArrayList<>();
        for (int turn = 0; turn < 2; turn++) {
            for (int i = 0; i < SETTINGS; i++) {
                layers[i].trainable(false);
                losses.add(step(trainer));
                losses.add(step(trainer));
                afterStep.run();
                layers[i].trainable(true);
            }
        }
        return losses;
    }

    @Test
    void twentySettingsOfFrozenLayersKeepTheTracesOfAFew() {
        Layer[] layers = layers();
        List<Double> eager;
        try (Trainer trainer = trainer(false, layers)) {
            eager = freezing(trainer, layers, () -> {});
        }
        Layer[] others = layers();
        try (Trainer trainer = trainer(true, others)) {
            List<Integer> functions = new ArrayList<>();
            List<Double> compiled = freezing(trainer, others, () -> functions.add(FunctionCount.of(trainer.session())));
            assertEquals(eager, compiled);
            List<Integer> expected = new ArrayList<>();
            for (int i = 1; i <= 2 * SETTINGS; i++) {
                expected.add(Math.min(i, MOST_SETTINGS));
            }
            assertEquals(expected, functions);
            Arrays.stream(others).forEach(layer -> assertTrue(layer.trainable()));
        }
    }
}
