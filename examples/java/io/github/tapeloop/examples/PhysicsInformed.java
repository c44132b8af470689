package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.TANH;

import io.github.tapeloop.Fit;
import io.github.tapeloop.StepContext;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.tape.GradientTape;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Solves a differential equation without data, as in "Physics-informed neural networks" (Raissi et al. 2019): the damped
 * oscillator u″ + 2 δ u′ + ω² u = 0 with u(0) = 1 and u′(0) = 0 on 0 ≤ t ≤ 5. The loss is the mean square of the equation's
 * left side, whose derivatives with respect to t come from two tapes; a third one around them gives the gradients of the
 * weights, a third derivative of the network.
 */
public final class PhysicsInformed {

    private static final double DELTA = 0.3;
    private static final double OMEGA = 2;
    private static final int POINTS = 128;
    private static final double END = 5;
    private static final int STEPS = 20_000;

    private PhysicsInformed() {}

    public static void main(String[] args) {
        System.out.printf("largest error against the exact solution: %.2e%n", largestError(STEPS, args));
    }

    /** Trains for a number of steps, and returns the largest |u - exact| over 1,000 times. */
    static double largestError(int steps, String... args) {
        try (Trainer trainer = Execution.trainer(builder(42, steps), args)) {
            int round = Math.min(steps, 4_000);
            for (int done = 0; done < steps; done += round) {
                double residual = trainer.fit(times(POINTS).repeat(round).batch(POINTS), Fit.epochs(1))
                        .last("residual");
                System.out.printf("step %d: mean squared residual %.2e%n", done + round, residual);
            }
            FloatNdArray u = trainer.predict(times(1_000).batch(1_000));
            double largest = 0;
            for (int i = 0; i < 1_000; i++) {
                largest = Math.max(largest, Math.abs(u.getFloat(i, 0) - exact(END * i / 999)));
            }
            return largest;
        }
    }

    /** A trainer of the solution whose learning rate falls to zero over a number of steps. */
    static TrainerBuilder builder(long seed, int steps) {
        Solution solution = new Solution();
        Adam optimizer = new Adam(Schedule.cosineDecay(1e-2, steps));
        return Trainer.of(solution)
                .includes(optimizer)
                .step((step, batch) -> step(step, batch, solution, optimizer))
                .threads(1, 1)
                .seed(seed);
    }

    /** Times from 0 to the end, evenly spread. */
    static Dataset times(int points) {
        float[][] times = new float[points][1];
        for (int i = 0; i < points; i++) {
            times[i][0] = (float) (END * i / (points - 1));
        }
        return Dataset.of(times);
    }

    private static Map<String, Operand<TFloat32>> step(
            StepContext step, Batch batch, Solution solution, Adam optimizer) {
        Ops tf = step.tf();
        Operand<TFloat32> t = batch.input(tf);
        try (GradientTape weights = step.tape()) {
            Operand<TFloat32> residual = residual(step, t, solution);
            Operand<TFloat32> loss = tf.math.mean(tf.math.square(residual), tf.constant(new int[] {0, 1}));
            optimizer.apply(tf, weights.gradients(loss, solution.trainableVariables()));
            return Map.of("residual", loss);
        }
    }

    /** u″ + 2 δ u′ + ω² u at times t, float32 [batch, 1]. Each u depends on its own t only, so sums do no harm. */
    private static Operand<TFloat32> residual(StepContext step, Operand<TFloat32> t, Solution solution) {
        Ops tf = step.tf();
        try (GradientTape second = step.tape();
                GradientTape first = step.tape()) {
            second.watch(t);
            first.watch(t);
            Operand<TFloat32> u = solution.call(step.training(), t);
            Operand<TFloat32> velocity = first.gradient(u, t).orElseThrow();
            Operand<TFloat32> acceleration = second.gradient(velocity, t).orElseThrow();
            Operand<TFloat32> damping = tf.math.mul(velocity, tf.constant((float) (2 * DELTA)));
            Operand<TFloat32> spring = tf.math.mul(u, tf.constant((float) (OMEGA * OMEGA)));
            return tf.math.add(acceleration, tf.math.add(damping, spring));
        }
    }

    /** The solution in closed form. */
    static double exact(double t) {
        double frequency = Math.sqrt(OMEGA * OMEGA - DELTA * DELTA);
        return Math.exp(-DELTA * t) * (Math.cos(frequency * t) + DELTA / frequency * Math.sin(frequency * t));
    }

    /**
     * u(t) = 1 + (1 - e^-t)² n(2 t / 5 - 1) with a network n: it starts as it must whatever the weights are, and all factors
     * stay near one.
     */
    static final class Solution extends Model {

        private final Dense hidden1 = layer("hidden1", new Dense(32, TANH));
        private final Dense hidden2 = layer("hidden2", new Dense(32, TANH));
        private final Dense output = layer("output", new Dense(1));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> t) {
            Ops tf = pass.tf();
            Operand<TFloat32> scaled = tf.math.sub(tf.math.mul(t, tf.constant((float) (2 / END))), tf.constant(1f));
            Operand<TFloat32> n = output.call(pass, hidden2.call(pass, hidden1.call(pass, scaled)));
            Operand<TFloat32> risen = tf.math.sub(tf.constant(1f), tf.math.exp(tf.math.neg(t)));
            return tf.math.add(tf.constant(1f), tf.math.mul(tf.math.square(risen), n));
        }
    }
}
