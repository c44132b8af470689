package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.RELU;

import io.github.tapeloop.Fit;
import io.github.tapeloop.StepContext;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.tape.GradientTape;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * "Auto-encoding variational Bayes" (Kingma and Welling 2014) on MNIST, with the network of PyTorch's example {@code vae}:
 * 784-400-20-400-784. Each step draws codes z = mean + e^(logVariance / 2) · noise, and minimises the cross-entropy of the
 * pixels plus the codes' divergence from a standard normal, both in nats an image.
 */
public final class VariationalAutoencoder {

    /** What the network reaches in PyTorch 1.13, on the test images after as many epochs: nats an image. */
    static final double STATED = 105.2;

    private static final int EPOCHS = 10;

    private VariationalAutoencoder() {}

    public static void main(String[] args) {
        try (Trainer trainer = Execution.trainer(builder(42, 400, 20), args)) {
            trainer.fit(
                    Mnist.train().shuffle(60_000).batch(128).prefetch(4),
                    Fit.epochs(EPOCHS).callbacks(new ProgressBar()));
            Map<String, Double> scores = trainer.evaluate(Mnist.test().batch(500));
            System.out.printf(
                    "test: reconstruction %.2f + KL %.2f = %.2f nats an image; in PyTorch: %.1f%n",
                    scores.get("reconstruction"), scores.get("kl"), scores.get("loss"), STATED);
        }
    }

    /** A trainer of encoder and decoder with one hidden layer each. */
    static TrainerBuilder builder(long seed, int units, int codeSize) {
        Autoencoder model = new Autoencoder(units, codeSize);
        Adam optimizer = new Adam(1e-3);
        return Trainer.of(model)
                .includes(optimizer)
                .step((step, batch) -> {
                    try (GradientTape tape = step.tape()) {
                        Map<String, Operand<TFloat32>> terms = terms(step, step.training(), batch, model);
                        optimizer.apply(step.tf(), tape.gradients(terms.get("loss"), model.trainableVariables()));
                        return terms;
                    }
                })
                .testStep((step, batch) -> terms(step, step.inference(), batch, model))
                .seed(seed);
    }

    /** The two terms of the loss and their sum, each a mean over the images of a batch. */
    private static Map<String, Operand<TFloat32>> terms(
            StepContext step, ForwardPass pass, Batch batch, Autoencoder model) {
        Ops tf = pass.tf();
        Operand<TFloat32> x = model.flatten.call(pass, batch.input(tf));
        Operand<TFloat32> h = model.hidden.call(pass, x);
        Operand<TFloat32> mean = model.mean.call(pass, h);
        Operand<TFloat32> logVariance = model.logVariance.call(pass, h);
        Operand<TFloat32> noise = tf.random.statelessRandomNormal(tf.shape(mean), step.randomSeed(), TFloat32.class);
        Operand<TFloat32> deviation = tf.math.exp(tf.math.mul(logVariance, tf.constant(0.5f)));
        Operand<TFloat32> logits = model.decode(pass, tf.math.add(mean, tf.math.mul(deviation, noise)));
        Operand<TFloat32> reconstruction = perImage(tf, crossentropy(tf, x, logits));
        Operand<TFloat32> kl = tf.math.mul(
                perImage(
                        tf,
                        tf.math.sub(
                                tf.math.add(tf.math.square(mean), tf.math.exp(logVariance)),
                                tf.math.add(logVariance, tf.constant(1f)))),
                tf.constant(0.5f));
        return Map.of("loss", tf.math.add(reconstruction, kl), "reconstruction", reconstruction, "kl", kl);
    }

    /** Of pixels with probabilities σ(logits): softplus(logits) - x · logits. */
    private static Operand<TFloat32> crossentropy(Ops tf, Operand<TFloat32> x, Operand<TFloat32> logits) {
        return tf.math.sub(tf.math.softplus(logits), tf.math.mul(x, logits));
    }

    /** Sums over the features of an image, and takes the mean over images. */
    private static Operand<TFloat32> perImage(Ops tf, Operand<TFloat32> values) {
        return tf.math.mean(tf.sum(values, tf.constant(1)), tf.constant(0));
    }

    /** Encoder and decoder. Called as a model it gives back the images that it makes of the mean codes. */
    static final class Autoencoder extends Model {

        private final Flatten flatten = layer(new Flatten());
        private final Dense hidden;
        private final Dense mean;
        private final Dense logVariance;
        private final Dense decoderHidden;
        private final Dense pixels;

        Autoencoder(int units, int codeSize) {
            hidden = layer("hidden", new Dense(units, RELU));
            mean = layer("mean", new Dense(codeSize));
            logVariance = layer("log_variance", new Dense(codeSize));
            decoderHidden = layer("decoder_hidden", new Dense(units, RELU));
            pixels = layer("pixels", new Dense(28 * 28));
        }

        /** The logits of the pixels, float32 [batch, 784], of codes. */
        Operand<TFloat32> decode(ForwardPass pass, Operand<TFloat32> codes) {
            return pixels.call(pass, decoderHidden.call(pass, codes));
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Operand<TFloat32> h = hidden.call(pass, flatten.call(pass, x));
            return pass.tf().math.sigmoid(decode(pass, mean.call(pass, h)));
        }
    }
}
