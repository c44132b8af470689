package io.github.tapeloop.preflight;

import io.github.tapeloop.loss.Hinge;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredLogarithmicError;
import io.github.tapeloop.loss.Poisson;
import io.github.tapeloop.loss.SquaredHinge;
import java.util.List;
import java.util.Optional;

/**
 * A check for targets outside what a loss or metric is defined for, such as labels -1 and 1 in a binary
 * cross-entropy: the loss falls and the model learns something else.
 */
final class TargetCheck {

    private static final String BINARY =
            "no is 0 and yes is 1. Map them by dataset.map(…); labels -1 and 1 as they are suit"
                    + " Hinge and SquaredHinge";
    private static final String SHARES =
            "a class that it is has 1, the others 0. For class numbers take what is sparse";

    /** What a part is defined for, beyond what it says by its scale. */
    private record Domain(double least, double most, String meaning, List<Class<?>> parts) {}

    private static final List<Domain> DOMAINS = List.of(
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
                    List.of(MeanSquaredLogarithmicError.class)));

    private TargetCheck() {}

    /**
     * What is wrong with targets for a loss or metric, if anything.
     *
     * @param scale what it takes them for
     */
    static Optional<String> of(Object part, Loss.Scale scale, TrialValues.Range targets) {
        return domain(part, scale)
                .filter(domain -> targets.least() < domain.least() || targets.most() > domain.most())
                .map(domain -> part.getClass().getSimpleName() + " expects targets "
                        + (Double.isInfinite(domain.most())
                                ? "of at least " + number(domain.least())
                                : "in [" + number(domain.least()) + ", " + number(domain.most()) + "]")
                        + ", those of the first batch lie in [" + number(targets.least()) + ", "
                        + number(targets.most()) + "]: " + domain.meaning());
    }

    private static Optional<Domain> domain(Object part, Loss.Scale scale) {
        return switch (scale) {
            case PROBABILITIES -> Optional.of(new Domain(0, 1, BINARY, List.of()));
            case CLASS_PROBABILITIES -> Optional.of(new Domain(0, 1, SHARES, List.of()));
            default ->
                DOMAINS.stream()
                        .filter(domain -> domain.parts().contains(part.getClass()))
                        .findFirst();
        };
    }

    /** As people write it. */
    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9
                ? String.valueOf((long) value)
                : String.valueOf(value);
    }
}
