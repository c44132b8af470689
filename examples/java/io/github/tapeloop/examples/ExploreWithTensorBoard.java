package io.github.tapeloop.examples;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.LossCurvePlot;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.callback.TensorBoard;
import io.github.tapeloop.data.Dataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes what TensorBoard shows of a run: losses and accuracies of epochs and batches, the learning rate, and how the
 * values of each weight are distributed. Next to it a picture of the loss, for whom that is enough. {@code
 * ExploreWithTensorBoard [directory]}, a temporary one unless given.
 */
public final class ExploreWithTensorBoard {

    private ExploreWithTensorBoard() {}

    public static void main(String[] args) throws IOException {
        Path directory =
                args.length > 0 ? Files.createDirectories(Path.of(args[0])) : Files.createTempDirectory("tensorboard");
        run(5, Mnist.train().take(10_000), Mnist.test(), directory);
        System.out.println("the loss: " + directory.resolve("loss.png"));
        System.out.println("all of it, in a browser: pip install tensorboard; tensorboard --logdir " + directory);
    }

    /** Trains the MNIST classifier, and writes into a directory. */
    static void run(int epochs, Dataset train, Dataset test, Path directory) {
        TensorBoard board = new TensorBoard(directory).updateFrequency(10).histogramFrequency(1);
        LossCurvePlot plot = new LossCurvePlot(directory.resolve("loss.png"));
        try (Trainer trainer = MnistClassifier.builder(42).compiled().build()) {
            trainer.fit(
                    train.shuffle(60_000).batch(32).prefetch(4),
                    Fit.epochs(epochs).validation(test.batch(500)).callbacks(board, plot, new ProgressBar()));
        }
    }
}
