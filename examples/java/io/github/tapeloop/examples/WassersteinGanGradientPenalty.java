package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.LEAKY_RELU;

import io.github.tapeloop.CustomStep;
import io.github.tapeloop.Fit;
import io.github.tapeloop.StepContext;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.op.Ops;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat32;

/**
 * "Improved training of Wasserstein GANs" (Gulrajani et al. 2017): a generator learns to draw from eight Gaussians on a
 * circle. The critic's penalty is a function of its gradient with respect to its input, so the gradients of its weights are
 * second derivatives: one tape inside another.
 */
public final class WassersteinGanGradientPenalty {

    private static final int CRITIC_STEPS = 5;
    private static final float PENALTY_WEIGHT = 0.1f;
    private static final int SAMPLES = 4_096;

    private WassersteinGanGradientPenalty() {}

    public static void main(String[] args) {
        try (Trainer trainer = Execution.trainer(builder(42, 128), args)) {
            double before = distance(trainer);
            trainer.fit(eightGaussians(256 * 1_000, 1).batch(256), Fit.epochs(3).callbacks(new ProgressBar()));
            System.out.printf(
                    "sliced Wasserstein distance: %.3f before, %.3f after; between two real samples %.3f%n",
                    before, distance(trainer), slicedDistance(points(SAMPLES, 2), points(SAMPLES, 3)));
        }
    }

    /** A trainer of a generator and a critic with three hidden layers each; its model is the generator. */
    static TrainerBuilder builder(long seed, int units) {
        Model generator = network(units, 2);
        Model critic = network(units, 1);
        Optimizer generatorOptimizer = new Adam(1e-4).betas(0.5, 0.9);
        Optimizer criticOptimizer = new Adam(1e-4).betas(0.5, 0.9);
        CustomStep step = (context, batch) -> {
            Operand<TFloat32> distance = null;
            for (int i = 0; i < CRITIC_STEPS; i++) {
                distance = trainCritic(context, batch, generator, critic, criticOptimizer);
            }
            Operand<TFloat32> loss = trainGenerator(context, batch, generator, critic, generatorOptimizer);
            return Map.of("distance", distance, "generator_loss", loss);
        };
        return Trainer.of(generator)
                .includes(critic, generatorOptimizer, criticOptimizer)
                .step(step)
                .threads(1, 1)
                .seed(seed);
    }

    private static Model network(int units, int outputs) {
        return Sequential.of(
                new Dense(units, LEAKY_RELU),
                new Dense(units, LEAKY_RELU),
                new Dense(units, LEAKY_RELU),
                new Dense(outputs));
    }

    /** One step of the critic; returns its estimate of the Wasserstein distance. */
    private static Operand<TFloat32> trainCritic(
            StepContext step, Batch batch, Model generator, Model critic, Optimizer optimizer) {
        Ops tf = step.tf();
        Operand<TFloat32> real = batch.input(tf);
        Operand<TFloat32> fake = generator.call(step.training(), noise(step, real));
        try (GradientTape tape = step.tape()) {
            ForwardPass pass = step.training();
            Operand<TFloat32> distance =
                    tf.math.sub(mean(tf, critic.call(pass, real)), mean(tf, critic.call(pass, fake)));
            Operand<TFloat32> penalty =
                    tf.math.mul(penalty(step, critic, between(step, real, fake)), tf.constant(PENALTY_WEIGHT));
            Operand<TFloat32> loss = tf.math.sub(penalty, distance);
            step.minimize(optimizer, tape, loss, critic.trainableVariables());
            return distance;
        }
    }

    private static Operand<TFloat32> trainGenerator(
            StepContext step, Batch batch, Model generator, Model critic, Optimizer optimizer) {
        Ops tf = step.tf();
        Operand<TFloat32> noise = noise(step, batch.input(tf));
        try (GradientTape tape = step.tape()) {
            Operand<TFloat32> fake = generator.call(step.training(), noise);
            Operand<TFloat32> loss = tf.math.neg(mean(tf, critic.call(step.training(), fake)));
            step.minimize(optimizer, tape, loss, generator.trainableVariables());
            return loss;
        }
    }

    /** What the generator starts from: as many normal numbers as the real points have. */
    private static Operand<TFloat32> noise(StepContext step, Operand<TFloat32> real) {
        return step.tf().random.statelessRandomNormal(step.tf().shape(real), step.randomSeed(), TFloat32.class);
    }

    /** A point on the line between each real and fake one. */
    private static Operand<TFloat32> between(StepContext step, Operand<TFloat32> real, Operand<TFloat32> fake) {
        Ops tf = step.tf();
        Operand<TFloat32> column = tf.math.mean(real, tf.constant(1), Mean.keepDims(true));
        Operand<TFloat32> share = tf.random.statelessRandomUniform(tf.shape(column), step.randomSeed(), TFloat32.class);
        return tf.math.add(real, tf.math.mul(share, tf.math.sub(fake, real)));
    }

    /**
     * The mean of (|∇ critic(x)| - 1)² over points.
     *
     * @param step makes ops and tapes
     * @param critic maps a point to a number
     * @param x float32 [batch, 2]
     * @return a float32 scalar
     */
    static Operand<TFloat32> penalty(StepContext step, Layer critic, Operand<TFloat32> x) {
        Ops tf = step.tf();
        try (GradientTape tape = step.tape()) {
            tape.watch(x);
            Operand<TFloat32> gradient =
                    tape.gradient(critic.call(step.training(), x), x).orElseThrow();
            Operand<TFloat32> norm = tf.math.sqrt(tf.sum(tf.math.square(gradient), tf.constant(1)));
            return mean(tf, tf.math.square(tf.math.sub(norm, tf.constant(1f))));
        }
    }

    private static Operand<TFloat32> mean(Ops tf, Operand<TFloat32> x) {
        return tf.math.mean(x, tf.range(tf.constant(0), tf.rank(x), tf.constant(1)));
    }

    /** Points around (√2 cos kπ/4, √2 sin kπ/4), with a standard deviation of .05. */
    static Dataset eightGaussians(int points, long seed) {
        return Dataset.of(points(points, seed));
    }

    private static float[][] points(int count, long seed) {
        Random random = new Random(seed);
        float[][] points = new float[count][2];
        for (float[] point : points) {
            double angle = random.nextInt(8) * Math.PI / 4;
            point[0] = (float) (Math.sqrt(2) * Math.cos(angle) + 0.05 * random.nextGaussian());
            point[1] = (float) (Math.sqrt(2) * Math.sin(angle) + 0.05 * random.nextGaussian());
        }
        return points;
    }

    /** The sliced Wasserstein distance of the generator's points from real ones. */
    static double distance(Trainer trainer) {
        Random random = new Random(4);
        float[][] noise = new float[SAMPLES][2];
        for (float[] row : noise) {
            row[0] = (float) random.nextGaussian();
            row[1] = (float) random.nextGaussian();
        }
        FloatNdArray output = trainer.predict(Dataset.of(noise).batch(SAMPLES));
        float[][] generated = new float[SAMPLES][2];
        for (int i = 0; i < SAMPLES; i++) {
            generated[i] = new float[] {output.getFloat(i, 0), output.getFloat(i, 1)};
        }
        return slicedDistance(generated, points(SAMPLES, 2));
    }

    /** The mean over 64 directions of the Wasserstein distance of the points' projections: sort both, then subtract. */
    private static double slicedDistance(float[][] a, float[][] b) {
        int directions = 64;
        double sum = 0;
        for (int k = 0; k < directions; k++) {
            double[] p = projected(a, Math.PI * k / directions);
            double[] q = projected(b, Math.PI * k / directions);
            for (int i = 0; i < p.length; i++) {
                sum += Math.abs(p[i] - q[i]) / p.length;
            }
        }
        return sum / directions;
    }

    private static double[] projected(float[][] points, double angle) {
        return Arrays.stream(points)
                .mapToDouble(point -> point[0] * Math.cos(angle) + point[1] * Math.sin(angle))
                .sorted()
                .toArray();
    }
}
