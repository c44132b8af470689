package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.RELU;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Augment;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.ImageFolder;
import io.github.tapeloop.data.Row;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * Learns from pictures in folders, one folder a class, shifted and turned a little, differently in each epoch. The pictures
 * are MNIST digits, written as PNG files first. {@code ImageFolderClassifier [directory]} keeps them there.
 */
public final class ImageFolderClassifier {

    private static final int SIDE = 28;

    private ImageFolderClassifier() {}

    public static void main(String[] args) throws IOException {
        Path pictures = args.length > 0 ? Path.of(args[0]) : Files.createTempDirectory("digits");
        int written = write(Mnist.train().take(3_000), pictures.resolve("train"))
                + write(Mnist.test().take(1_000), pictures.resolve("test"));
        System.out.println(written + " pictures in " + pictures);
        System.out.printf("test accuracy %.4f%n", run(8, pictures));
    }

    /** Trains on the pictures in {@code train}, and gives the accuracy on those in {@code test}. */
    static double run(int epochs, Path pictures) {
        Dataset train = folder(pictures.resolve("train"))
                .augment(new Augment().shift(0.08).rotate(10))
                .dataset()
                .shuffle(3_000)
                .map(2, row -> row); // Reads, shifts and turns in two threads.
        Dataset test = folder(pictures.resolve("test")).dataset();
        Sequential network = Sequential.of(
                new Conv2D(16, 3, RELU), new MaxPool2D(2), new Conv2D(32, 3, RELU), new Flatten(), new Dense(10));
        try (Trainer trainer = Trainer.of(network)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(2e-3))
                .metrics(new SparseCategoricalAccuracy())
                .compiled()
                .seed(42)
                .build()) {
            History history = trainer.fit(
                    train.batch(32).prefetch(4),
                    Fit.epochs(epochs).validation(test.batch(100)).callbacks(new ProgressBar()));
            return history.last("val_accuracy");
        }
    }

    private static ImageFolder folder(Path directory) {
        return ImageFolder.of(directory).size(SIDE, SIDE).grayscale();
    }

    /** Writes each digit as {@code directory/<digit>/<number>.png}, as the images are read. */
    static int write(Dataset digits, Path directory) {
        int written = 0;
        for (Batch batch : digits.map(row -> save(row, directory)).batch(100)) {
            written += batch.size();
        }
        return written;
    }

    private static Row save(Row digit, Path directory) {
        float[] pixels = digit.floats("input");
        BufferedImage picture = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < pixels.length; i++) {
            picture.getRaster().setSample(i % SIDE, i / SIDE, 0, Math.round(255 * pixels[i]));
        }
        Path file = directory.resolve(digit.integers("target")[0] + "/" + digit.number() + ".png");
        try {
            Files.createDirectories(file.getParent());
            ImageIO.write(picture, "png", file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write " + file, e);
        }
        return digit;
    }
}
