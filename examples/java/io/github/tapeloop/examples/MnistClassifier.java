package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.RELU;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** Learns to read handwritten digits: a network of 784-64-64-10 on the real MNIST images. */
public final class MnistClassifier {

    private MnistClassifier() {}

    public static void main(String[] args) {
        Dataset train = Mnist.train();
        Dataset test = Mnist.test();
        try (Trainer trainer = builder(42).compiled().build()) {
            History history = trainer.fit(
                    train.shuffle(60_000).batch(32).prefetch(4),
                    Fit.epochs(5).validation(test.batch(500)).callbacks(new ProgressBar()));
            System.out.println(trainer.model().summary());
            System.out.printf("test accuracy %.4f%n", history.last("val_accuracy"));
        }
    }

    /** A trainer of the network, eager unless told otherwise; small steps run fastest on one thread. */
    public static TrainerBuilder builder(long seed) {
        return Trainer.of(new Mlp())
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(1e-3))
                .metrics(new SparseCategoricalAccuracy())
                .threads(1, 1)
                .seed(seed);
    }

    /** Two hidden layers of 64 units. */
    static final class Mlp extends Model {

        private final Flatten flatten = layer(new Flatten());
        private final Dense hidden1 = layer("hidden1", new Dense(64, RELU));
        private final Dense hidden2 = layer("hidden2", new Dense(64, RELU));
        private final Dense logits = layer("logits", new Dense(10));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Operand<TFloat32> h = hidden1.call(pass, flatten.call(pass, x));
            return logits.call(pass, hidden2.call(pass, h));
        }
    }
}
