package io.github.tapeloop.preflight;

import io.github.tapeloop.loss.Huber;
import io.github.tapeloop.loss.LogCosh;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanAbsolutePercentageError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.MeanSquaredLogarithmicError;
import io.github.tapeloop.loss.Poisson;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.Operation;

/**
 * A check for a last activation that cannot give what the loss is to see: targets beyond its range, logits without their
 * negative half, classes that do not exclude each other. All train, as far as they can.
 */
final class ReachCheck {

    /** Activations by the op that ends them, with the range of what they give. */
    private static final Map<String, TrialValues.Range> REACHES = Map.of(
            "Sigmoid", new TrialValues.Range(0, 1),
            "Softmax", new TrialValues.Range(0, 1),
            "Tanh", new TrialValues.Range(-1, 1),
            "Relu", new TrialValues.Range(0, Double.POSITIVE_INFINITY),
            "Relu6", new TrialValues.Range(0, 6),
            "Softplus", new TrialValues.Range(0, Double.POSITIVE_INFINITY));

    private static final Set<String> PROBABILITIES = Set.of("Sigmoid", "Softmax");

    /** Losses that are least where predictions are the targets. */
    private static final Set<Class<? extends Loss>> DISTANCES = Set.of(
            MeanSquaredError.class,
            MeanAbsoluteError.class,
            MeanAbsolutePercentageError.class,
            MeanSquaredLogarithmicError.class,
            Huber.class,
            LogCosh.class,
            Poisson.class);

    private static final double ROUNDED = 1e-5;

    private ReachCheck() {}

    /**
     * What is wrong with the activation that made a prediction, if anything.
     *
     * @param maker the op that made it
     * @param given the range of what it has made, which is another if it was changed since
     * @param columns how many there are in the last dimension
     */
    static Optional<String> of(
            Loss loss, Operation maker, TrialValues.Range targets, TrialValues.Range given, long columns) {
        TrialValues.Range reach = REACHES.get(maker.type());
        if (reach == null || isBeyond(given, reach)) {
            return Optional.empty();
        }
        if (DISTANCES.contains(loss.getClass()) && isBeyond(targets, reach)) {
            return Optional.of("'" + maker.name() + "' gives numbers " + words(reach)
                    + ", and the targets of the first batch lie in [" + targets.least() + ", " + targets.most()
                    + "], beyond its reach. Take the activation off the last layer, or scale the targets");
        }
        if (loss.predictionScale().isLogits() && !PROBABILITIES.contains(maker.type())) {
            return Optional.of("'" + maker.name() + "' gives numbers " + words(reach)
                    + ", and a loss made with fromLogits() needs any. Take the activation off the last layer");
        }
        if (loss.predictionScale() == Loss.Scale.CLASS_PROBABILITIES
                && maker.type().equals("Sigmoid")
                && columns > 1) {
            return Optional.of("'" + maker.name() + "' gives each class a probability of its own, and "
                    + loss.getClass().getSimpleName()
                    + " takes classes that exclude each other. Give the last layer the activation SOFTMAX, or make the"
                    + " loss a BinaryCrossentropy if several classes may be right");
        }
        return Optional.empty();
    }

    private static boolean isBeyond(TrialValues.Range numbers, TrialValues.Range reach) {
        return numbers.least() < reach.least() - ROUNDED || numbers.most() > reach.most() + ROUNDED;
    }

    private static String words(TrialValues.Range reach) {
        return Double.isInfinite(reach.most())
                ? "of at least " + (int) reach.least()
                : "in [" + (int) reach.least() + ", " + (int) reach.most() + "]";
    }
}
