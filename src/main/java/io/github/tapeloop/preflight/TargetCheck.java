package io.github.tapeloop.preflight;

import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.BinaryFocalCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.CategoricalFocalCrossentropy;
import io.github.tapeloop.loss.CategoricalHinge;
import io.github.tapeloop.loss.Dice;
import io.github.tapeloop.loss.Hinge;
import io.github.tapeloop.loss.KlDivergence;
import io.github.tapeloop.loss.MeanSquaredLogarithmicError;
import io.github.tapeloop.loss.Poisson;
import io.github.tapeloop.loss.SquaredHinge;
import io.github.tapeloop.loss.Tversky;
import io.github.tapeloop.metric.Auc;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.BinaryIoU;
import io.github.tapeloop.metric.F1Score;
import io.github.tapeloop.metric.FBetaScore;
import io.github.tapeloop.metric.FalseNegatives;
import io.github.tapeloop.metric.FalsePositives;
import io.github.tapeloop.metric.Precision;
import io.github.tapeloop.metric.PrecisionAtRecall;
import io.github.tapeloop.metric.Recall;
import io.github.tapeloop.metric.RecallAtPrecision;
import io.github.tapeloop.metric.SensitivityAtSpecificity;
import io.github.tapeloop.metric.SpecificityAtSensitivity;
import io.github.tapeloop.metric.TrueNegatives;
import io.github.tapeloop.metric.TruePositives;
import java.util.List;
import java.util.Optional;

/**
 * Looks for targets outside what a loss or metric is defined for, such as labels -1 and 1 in a binary cross-entropy: the loss
 * falls and the model learns something else.
 */
final class TargetCheck {

    private static final String BINARY =
            "no is 0 and yes is 1. Map them by dataset.map(…); labels -1 and 1 as they are suit"
                    + " Hinge and SquaredHinge";
    private static final String SHARES =
            "a class that it is has 1, the others 0. For class numbers take the sparse loss";

    /** What a part is defined for. */
    private record Domain(double least, double most, String meaning, List<Class<?>> parts) {}

    private static final List<Domain> DOMAINS = List.of(
            new Domain(0, 1, BINARY, List.of(BinaryCrossentropy.class, BinaryFocalCrossentropy.class)),
            new Domain(
                    0,
                    1,
                    SHARES,
                    List.of(
                            CategoricalCrossentropy.class,
                            CategoricalFocalCrossentropy.class,
                            CategoricalHinge.class,
                            KlDivergence.class,
                            Dice.class,
                            Tversky.class)),
            new Domain(
                    -1,
                    1,
                    "no is -1 (or 0) and yes is 1. Map them by dataset.map(…)",
                    List.of(Hinge.class, SquaredHinge.class)),
            new Domain(0, Double.POSITIVE_INFINITY, "they are counts", List.of(Poisson.class)),
            new Domain(
                    -1,
                    Double.POSITIVE_INFINITY,
                    "of less there is no logarithm of 1 + y",
                    List.of(MeanSquaredLogarithmicError.class)),
            new Domain(
                    0,
                    1,
                    "no is 0 and yes is 1. Map them by dataset.map(…), or take another metric",
                    List.of(
                            BinaryAccuracy.class,
                            Precision.class,
                            Recall.class,
                            TruePositives.class,
                            FalsePositives.class,
                            TrueNegatives.class,
                            FalseNegatives.class,
                            PrecisionAtRecall.class,
                            RecallAtPrecision.class,
                            SensitivityAtSpecificity.class,
                            SpecificityAtSensitivity.class,
                            Auc.class,
                            F1Score.class,
                            FBetaScore.class,
                            BinaryIoU.class)));

    private TargetCheck() {}

    /** What is wrong with targets for a loss or metric, if anything. */
    static Optional<String> of(Object part, TrialValues.Range targets) {
        return DOMAINS.stream()
                .filter(domain -> domain.parts().contains(part.getClass()))
                .filter(domain -> targets.least() < domain.least() || targets.most() > domain.most())
                .findFirst()
                .map(domain -> part.getClass().getSimpleName() + " expects targets "
                        + (Double.isInfinite(domain.most())
                                ? "of at least " + number(domain.least())
                                : "in [" + number(domain.least()) + ", " + number(domain.most()) + "]")
                        + ", those of the first batch lie in [" + number(targets.least()) + ", "
                        + number(targets.most()) + "]: " + domain.meaning());
    }

    /** As people write it. */
    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9
                ? String.valueOf((long) value)
                : String.valueOf(value);
    }
}
