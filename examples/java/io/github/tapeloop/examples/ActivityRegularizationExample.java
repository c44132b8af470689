package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.RELU;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.ActivityRegularization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The guide's {@code add_loss}: a layer inside the model adds to the loss that the trainer minimises. Two networks learn
 * the same digits; the one whose hidden activations are penalised ends with far smaller ones.
 */
public final class ActivityRegularizationExample {

    private ActivityRegularizationExample() {}

    public static void main(String[] args) {
        double free = meanSquaredActivity(0);
        double penalised = meanSquaredActivity(6.4e-3);
        System.out.printf("mean squared activity: %.3f without penalty, %.3f with it%n", free, penalised);
    }

    /** Trains a network whose loss includes {@code l2} times the sum of squared hidden activations. */
    static double meanSquaredActivity(double l2) {
        Dataset train = Mnist.train().take(10_000);
        Model hidden = Sequential.of(new Flatten(), new Dense(64, RELU), new ActivityRegularization(0, l2));
        Model model = Sequential.of(hidden, new Dense(10));
        try (Trainer trainer = Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam())
                .metrics(new SparseCategoricalAccuracy())
                .threads(1, 1)
                .seed(7)
                .build()) {
            System.out.println(l2 == 0 ? "without penalty" : "with an l2 penalty of " + l2 + " on activations");
            History history =
                    trainer.fit(train.shuffle(10_000).batch(64), Fit.epochs(2).callbacks(new ProgressBar()));
            System.out.printf("training accuracy %.4f%n", history.last("accuracy"));
            return activity(trainer.session(), hidden);
        }
    }

    private static double activity(TapeSession session, Model hidden) {
        Ops tf = session.tf();
        double[] activity = new double[1];
        Mnist.test().take(1_000).batch(1_000).forEach(batch -> {
            try (TensorScope scope = session.scope()) {
                Operand<TFloat32> h = hidden.call(ForwardPass.inference(tf), batch.input(tf));
                activity[0] = session.scalar(tf.math.mean(tf.math.square(h), tf.constant(new int[] {0, 1})));
            }
        });
        return activity[0];
    }
}
