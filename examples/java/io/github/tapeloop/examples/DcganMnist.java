package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.LEAKY_RELU;
import static io.github.tapeloop.layer.Activations.SIGMOID;

import io.github.tapeloop.CustomStep;
import io.github.tapeloop.Fit;
import io.github.tapeloop.StepContext;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activation;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Conv2DTranspose;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Padding;
import io.github.tapeloop.layer.Reshape;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.tape.GradientTape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.index.Indices;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The GAN of the Keras guide: a generator learns to write digits that a discriminator takes for MNIST's. Two models and
 * two optimizers in one step. To need minutes on a CPU, not hours, the layers have a half to an eighth of the guide's
 * filters, the generator has batch normalization (Radford et al. 2015), and the discriminator flattens where the guide's
 * takes maxima. The samples are saved as a PNG, and a classifier of digits says how many it can read.
 */
public final class DcganMnist {

    private static final int CODE = 64;
    private static final int SIDE = 28;
    private static final int GRID = 10;
    private static final int SAMPLES = 1_000;
    private static final int EPOCHS = 3;

    private DcganMnist() {}

    public static void main(String[] args) throws IOException {
        Path file = Path.of("target", "dcgan-mnist.png");
        FloatNdArray samples = null;
        try (Trainer trainer = Execution.trainer(builder(42, 32), args)) {
            for (int epoch = 0; epoch < EPOCHS; epoch++) {
                trainer.fit(
                        Mnist.train().shuffle(60_000).batch(64, true).prefetch(4),
                        Fit.epochs(epoch + 1).initialEpoch(epoch).callbacks(new ProgressBar()));
                samples = trainer.predict(codes(SAMPLES).batch(500));
                save(samples, file);
            }
        }
        System.out.printf("the first %d samples are in %s%n", GRID * GRID, file);
        judge(samples);
    }

    /** A trainer of a generator and a discriminator; its model is the generator. */
    static TrainerBuilder builder(long seed, int filters) {
        Model generator = generator(filters);
        Model discriminator = discriminator(filters);
        Optimizer generatorOptimizer = new Adam(1e-3).betas(0.5, 0.999);
        Optimizer discriminatorOptimizer = new Adam(5e-4).betas(0.5, 0.999);
        CustomStep step = (context, batch) -> {
            Operand<TFloat32> judged =
                    trainDiscriminator(context, batch, generator, discriminator, discriminatorOptimizer);
            Operand<TFloat32> made = trainGenerator(context, batch, generator, discriminator, generatorOptimizer);
            return Map.of("discriminator_loss", judged, "generator_loss", made);
        };
        return Trainer.of(generator)
                .includes(discriminator, generatorOptimizer, discriminatorOptimizer)
                .step(step)
                .seed(seed);
    }

    /** Makes images float32 [batch, 28, 28, 1] of codes float32 [batch, 64]. */
    private static Model generator(int filters) {
        return Sequential.of(
                new Dense(7 * 7 * 2 * filters).useBias(false),
                new BatchNormalization().momentum(0.9),
                new Activation(LEAKY_RELU),
                new Reshape(7, 7, 2 * filters),
                new Conv2DTranspose(filters, 4)
                        .strides(2, 2)
                        .padding(Padding.SAME)
                        .useBias(false),
                new BatchNormalization().momentum(0.9),
                new Activation(LEAKY_RELU),
                new Conv2DTranspose(filters / 2, 4)
                        .strides(2, 2)
                        .padding(Padding.SAME)
                        .useBias(false),
                new BatchNormalization().momentum(0.9),
                new Activation(LEAKY_RELU),
                new Conv2D(1, 7, SIGMOID).padding(Padding.SAME));
    }

    /** The logit of being generated, float32 [batch, 1], of images float32 [batch, 28, 28, 1]. */
    private static Model discriminator(int filters) {
        return Sequential.of(
                new Conv2D(filters, 3, LEAKY_RELU).strides(2, 2).padding(Padding.SAME),
                new Conv2D(2 * filters, 3, LEAKY_RELU).strides(2, 2).padding(Padding.SAME),
                new Flatten(),
                new Dense(1));
    }

    private static Operand<TFloat32> trainDiscriminator(
            StepContext step, Batch batch, Model generator, Model discriminator, Optimizer optimizer) {
        Ops tf = step.tf();
        Loss crossentropy = BinaryCrossentropy.fromLogits();
        Operand<TFloat32> real = tf.reshape(batch.input(tf), tf.constant(new int[] {-1, SIDE, SIDE, 1}));
        Operand<TFloat32> fake = generator.call(step.training(), codes(step, batch));
        Operand<TInt32> column = columnOf(tf, batch);
        Operand<TFloat32> labels =
                tf.concat(List.of(tf.fill(column, tf.constant(1f)), tf.fill(column, tf.constant(0f))), tf.constant(0));
        Operand<TFloat32> noise = tf.random.statelessRandomUniform(tf.shape(labels), step.randomSeed(), TFloat32.class);
        Operand<TFloat32> noisyLabels = tf.math.add(labels, tf.math.mul(noise, tf.constant(0.05f)));
        try (GradientTape tape = step.tape()) {
            Operand<TFloat32> logits =
                    discriminator.call(step.training(), tf.concat(List.of(fake, real), tf.constant(0)));
            Operand<TFloat32> loss = crossentropy.call(tf, noisyLabels, logits);
            step.minimize(optimizer, tape, loss, discriminator.trainableVariables());
            return loss;
        }
    }

    /** The generator's loss is that the discriminator does not take its images for real. */
    private static Operand<TFloat32> trainGenerator(
            StepContext step, Batch batch, Model generator, Model discriminator, Optimizer optimizer) {
        Ops tf = step.tf();
        Loss crossentropy = BinaryCrossentropy.fromLogits();
        Operand<TFloat32> codes = codes(step, batch);
        Operand<TFloat32> claim = tf.fill(columnOf(tf, batch), tf.constant(0f));
        try (GradientTape tape = step.tape()) {
            Operand<TFloat32> logits = discriminator.call(step.training(), generator.call(step.training(), codes));
            Operand<TFloat32> loss = crossentropy.call(tf, claim, logits);
            step.minimize(optimizer, tape, loss, generator.trainableVariables());
            return loss;
        }
    }

    private static Operand<TFloat32> codes(StepContext step, Batch batch) {
        Ops tf = step.tf();
        return tf.random.statelessRandomNormal(perImage(tf, batch, CODE), step.randomSeed(), TFloat32.class);
    }

    private static Operand<TInt32> columnOf(Ops tf, Batch batch) {
        return perImage(tf, batch, 1);
    }

    /** The shape [batch, size]; the batch may be unknown while the step is traced. */
    private static Operand<TInt32> perImage(Ops tf, Batch batch, int size) {
        Operand<TInt32> images = tf.stridedSlice(tf.shape(batch.input(tf)), Indices.at(0));
        return tf.stack(List.of(images, tf.constant(size)));
    }

    /** The same codes whenever it is asked. */
    private static Dataset codes(int count) {
        Random random = new Random(7);
        float[][] codes = new float[count][CODE];
        for (float[] code : codes) {
            for (int i = 0; i < CODE; i++) {
                code[i] = (float) random.nextGaussian();
            }
        }
        return Dataset.of(codes);
    }

    /** Prints how many samples a classifier of digits is sure about, and which digits they are. */
    private static void judge(FloatNdArray samples) {
        float[] pixels = new float[SAMPLES * SIDE * SIDE];
        samples.copyTo(DataBuffers.of(pixels));
        try (Trainer classifier = MnistClassifier.builder(1).compiled().build()) {
            classifier.fit(Mnist.train().shuffle(60_000).batch(32).prefetch(4), Fit.epochs(2));
            int[] made = sureOf(classifier.predict(
                    Dataset.of(pixels, Shape.of(SIDE, SIDE), new int[SAMPLES]).batch(500)));
            int[] real = sureOf(classifier.predict(Mnist.test().take(SAMPLES).batch(500)));
            System.out.printf(
                    "a classifier is 90 %% sure of %.1f %% of the samples, and of %.1f %% of real images; by digit %s%n",
                    100.0 * Arrays.stream(made).sum() / SAMPLES,
                    100.0 * Arrays.stream(real).sum() / SAMPLES,
                    Arrays.toString(made));
        }
    }

    /** For each digit the number of images whose probability of being it is above .9. */
    private static int[] sureOf(FloatNdArray logits) {
        int[] counts = new int[10];
        for (long image = 0; image < logits.shape().get(0); image++) {
            double total = 0;
            for (int digit = 0; digit < 10; digit++) {
                total += Math.exp(logits.getFloat(image, digit));
            }
            for (int digit = 0; digit < 10; digit++) {
                if (Math.exp(logits.getFloat(image, digit)) > 0.9 * total) {
                    counts[digit]++;
                }
            }
        }
        return counts;
    }

    /** Writes the first hundred images as a square. */
    private static void save(FloatNdArray images, Path file) throws IOException {
        BufferedImage picture = new BufferedImage(GRID * SIDE, GRID * SIDE, BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < GRID * SIDE; y++) {
            for (int x = 0; x < GRID * SIDE; x++) {
                int image = y / SIDE * GRID + x / SIDE;
                int level = Math.round(255 * images.getFloat(image, y % SIDE, x % SIDE, 0));
                picture.getRaster().setSample(x, y, 0, level);
            }
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        ImageIO.write(picture, "png", file.toFile());
    }
}
