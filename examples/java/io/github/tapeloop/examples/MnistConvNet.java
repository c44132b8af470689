package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.RELU;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Reshape;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;

/**
 * Reads handwritten digits with two convolutions, right in 99 of 100 cases after five epochs. Compiled, with as many steps
 * in a native call as pay.
 */
public final class MnistConvNet {

    private MnistConvNet() {}

    public static void main(String[] args) {
        long start = System.nanoTime();
        double accuracy = run(5, Mnist.train(), Mnist.test());
        System.out.printf("test accuracy %.4f after %.0f seconds%n", accuracy, (System.nanoTime() - start) / 1e9);
    }

    /** Trains on digits, and gives the accuracy on others. */
    static double run(int epochs, Dataset train, Dataset test) {
        Model network = Sequential.of(
                new Reshape(28, 28, 1),
                new Conv2D(32, 3, RELU),
                new MaxPool2D(2),
                new Conv2D(64, 3, RELU),
                new MaxPool2D(2),
                new Flatten(),
                new Dense(128, RELU),
                new Dropout(0.3),
                new Dense(10));
        try (Trainer trainer = Trainer.of(network)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(1e-3))
                .metrics(new SparseCategoricalAccuracy())
                .compiled()
                .autoStepsPerExecution()
                .seed(42)
                .build()) {
            History history = trainer.fit(
                    train.shuffle(60_000).batch(64),
                    Fit.epochs(epochs).validation(test.batch(500)).callbacks(new ProgressBar()));
            return history.last("val_accuracy");
        }
    }
}
