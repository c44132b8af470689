package io.github.tapeloop.examples;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Learns to write like Moby-Dick: a small transformer that gives, at each of 64 characters, the odds of the next one. Prints
 * how many bits it needs for a character of chapters it has not seen (about 4.3 by the frequencies of characters alone), and
 * a sample.
 */
public final class CharTransformer {

    /** The printable characters of ASCII and the new line. */
    private static final int CHARACTERS = 96;

    private static final int CONTEXT = 64;

    private CharTransformer() {}

    public static void main(String[] args) {
        boolean eager = List.of(args).contains("eager");
        int[] text = text();
        int split = text.length / 20 * 19;
        Dataset train = examples(Arrays.copyOfRange(text, 0, split), CONTEXT);
        Dataset test = examples(Arrays.copyOfRange(text, split, text.length), CONTEXT);
        TrainerBuilder builder = builder(new Writer(64, 4, 2), 42);
        try (Trainer trainer = (eager ? builder : builder.compiled()).build()) {
            History history = trainer.fit(
                    train.shuffle(20_000).batch(32, true),
                    Fit.epochs(3).validation(test.batch(32, true)).callbacks(new ProgressBar()));
            System.out.printf("%.2f bits per character%n", history.last("val_loss") / Math.log(2));
            System.out.println(sample(trainer, "It was the whale ", 300, new Random(7)));
        }
    }

    /** A trainer of the network, eager unless told otherwise. */
    static TrainerBuilder builder(Model model, long seed) {
        return Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(3e-3))
                .seed(seed);
    }

    /** Characters [context] and for each the one that follows it. */
    static Dataset examples(int[] text, int context) {
        int[][] inputs = new int[(text.length - 1) / context][];
        int[][] targets = new int[inputs.length][];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = Arrays.copyOfRange(text, i * context, (i + 1) * context);
            targets[i] = Arrays.copyOfRange(text, i * context + 1, (i + 1) * context + 1);
        }
        return Dataset.of(new Columns().input(ColumnData.of(inputs)).target(ColumnData.of(targets)));
    }

    /** The novel as numbers below {@link #CHARACTERS}. */
    static int[] text() {
        Path file = Path.of("examples", "data", "text", "moby-dick.txt.gz");
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("—", "--")
                    .chars()
                    .map(CharTransformer::number)
                    .toArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int number(int character) {
        return character >= ' ' && character <= '~' ? character - ' ' + 1 : 0; // What is not ASCII is rare.
    }

    private static char character(int number) {
        return number == 0 ? '\n' : (char) (number - 1 + ' ');
    }

    /** Continues a text, each character drawn by the odds the model gives it. */
    static String sample(Trainer trainer, String start, int length, Random random) {
        StringBuilder text = new StringBuilder(start);
        while (text.length() < start.length() + length) {
            int from = Math.max(0, text.length() - CONTEXT);
            int[] context = Arrays.copyOf(
                    text.substring(from).chars().map(CharTransformer::number).toArray(), CONTEXT);
            FloatNdArray logits = trainer.predict(Dataset.of(new Columns().input(ColumnData.of(new int[][] {context})))
                    .batch(1));
            text.append(character(draw(logits.get(0, text.length() - from - 1), random)));
        }
        return text.toString();
    }

    private static int draw(FloatNdArray logits, Random random) {
        double[] odds = new double[CHARACTERS];
        for (int i = 0; i < CHARACTERS; i++) {
            odds[i] = Math.exp(logits.getFloat(i));
        }
        double left = random.nextDouble() * Arrays.stream(odds).sum();
        int drawn = 0;
        for (left -= odds[0]; left > 0 && drawn < CHARACTERS - 1; left -= odds[drawn]) {
            drawn++;
        }
        return drawn;
    }

    /** Embeddings of character and place, some blocks, and logits. */
    static final class Writer extends Model {

        private final Embedding characters;
        private final Block[] blocks;
        private final LayerNormalization normalization = layer(new LayerNormalization());
        private final Dense logits = layer("logits", new Dense(CHARACTERS));

        Writer(int size, int heads, int depth) {
            this.characters = layer(new Embedding(CHARACTERS, size));
            this.blocks = new Block[depth];
            Arrays.setAll(blocks, i -> layer(new Block(size, heads)));
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> vectors = characters.call(pass, x);
            Operand<TFloat32> places = weight(
                            pass, "places", vectors.shape().tail(), vectors.type(), Initializer.randomUniform())
                    .read(tf);
            Operand<TFloat32> h = tf.math.add(vectors, places);
            for (Block block : blocks) {
                h = block.call(pass, h);
            }
            return logits.call(pass, normalization.call(pass, h));
        }
    }

    /** Attention to earlier characters and two dense layers, each added to what goes in. */
    private static final class Block extends Layer {

        private final LayerNormalization beforeAttention = layer(new LayerNormalization());
        private final MultiHeadAttention attention;
        private final LayerNormalization beforeDense = layer(new LayerNormalization());
        private final Dense wide;
        private final Dense narrow;

        Block(int size, int heads) {
            this.attention = layer(new MultiHeadAttention(heads, size / heads).useCausalMask(true));
            this.wide = layer("wide", new Dense(4 * size, Activations.GELU_APPROXIMATE));
            this.narrow = layer("narrow", new Dense(size));
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TFloat32> h = tf.math.add(x, attention.call(pass, beforeAttention.call(pass, x)));
            return tf.math.add(h, narrow.call(pass, wide.call(pass, beforeDense.call(pass, h))));
        }
    }
}
