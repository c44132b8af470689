package io.github.tapeloop.examples;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.PadTo;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Gru;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.tensorflow.ndarray.FloatNdArray;

/**
 * Tells women's first names from men's: a GRU reads a name letter by letter. Names differ in length, so batches are filled
 * up with zeros, which {@code maskZero} keeps from the GRU. Names that both lists have are left out.
 */
public final class NameClassifier {

    private static final Path FOLDER = Path.of("examples", "data", "text");
    private static final int HELD_OUT = 1000;

    private NameClassifier() {}

    public static void main(String[] args) {
        boolean eager = List.of(args).contains("eager");
        Names names = Names.read();
        try (Trainer trainer = (eager ? builder(42) : builder(42).compiled()).build()) {
            History history = trainer.fit(
                    names.train(), Fit.epochs(8).validation(names.test()).callbacks(new ProgressBar()));
            System.out.printf("accuracy on %d held-out names %.4f%n", HELD_OUT, history.last("val_accuracy"));
            List<String> asked = List.of("Ishmael", "Queequeg", "Dorothea", "Elinor", "Heathcliff");
            FloatNdArray logits = trainer.predict(Dataset.of(new Columns()
                            .input(ColumnData.ragged(
                                    asked.stream().map(NameClassifier::letters).toArray(int[][]::new))))
                    .padBatch(asked.size(), Names.PADDING));
            for (int i = 0; i < asked.size(); i++) {
                double margin = logits.getFloat(i, 0) - logits.getFloat(i, 1);
                System.out.printf(
                        "%-12s a woman's name with probability %.2f%n", asked.get(i), 1 / (1 + Math.exp(-margin)));
            }
        }
    }

    /** A trainer of the network, eager unless told otherwise. */
    static TrainerBuilder builder(long seed) {
        return Trainer.of(Sequential.of(new Embedding(29, 16).maskZero(true), new Gru(64), new Dense(2)))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(3e-3))
                .metrics(new SparseCategoricalAccuracy())
                .threads(1, 1)
                .seed(seed);
    }

    /** 1 to 26 for letters, 27 for a hyphen, 28 for anything else; 0 is what batches are filled up with. */
    static int[] letters(String name) {
        return name.toLowerCase(Locale.ROOT)
                .chars()
                .map(c -> c >= 'a' && c <= 'z' ? c - 'a' + 1 : c == '-' ? 27 : 28)
                .toArray();
    }

    /** Batches of names, as letters, with their class: 0 for women's, 1 for men's. */
    record Names(Batches train, Batches test) {

        /** Few lengths, so that a compiled step is traced few times. */
        static final PadTo PADDING = PadTo.lengths(8, 16);

        static Names read() {
            List<String> women = lines("female-first-names-en.txt");
            List<String> men = lines("male-first-names-en.txt");
            List<String> all = new ArrayList<>(women);
            all.addAll(men);
            all.removeIf(name -> women.contains(name) && men.contains(name));
            Collections.shuffle(all, new Random(1));
            Dataset data = Dataset.of(new Columns()
                    .input(ColumnData.ragged(
                            all.stream().map(NameClassifier::letters).toArray(int[][]::new)))
                    .target(ColumnData.of(all.stream()
                            .mapToInt(name -> men.contains(name) ? 1 : 0)
                            .toArray())));
            return new Names(
                    data.skip(HELD_OUT).shuffle(all.size()).padBatch(32, PADDING),
                    data.take(HELD_OUT).padBatch(250, PADDING));
        }

        private static List<String> lines(String file) {
            try {
                return Files.readAllLines(FOLDER.resolve(file));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
