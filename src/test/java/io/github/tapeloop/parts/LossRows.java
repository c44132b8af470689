package io.github.tapeloop.parts;

import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.BinaryFocalCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.CategoricalFocalCrossentropy;
import io.github.tapeloop.loss.CategoricalGeneralizedCrossEntropy;
import io.github.tapeloop.loss.CategoricalHinge;
import io.github.tapeloop.loss.Circle;
import io.github.tapeloop.loss.CosineSimilarity;
import io.github.tapeloop.loss.Ctc;
import io.github.tapeloop.loss.Dice;
import io.github.tapeloop.loss.Hinge;
import io.github.tapeloop.loss.Huber;
import io.github.tapeloop.loss.KlDivergence;
import io.github.tapeloop.loss.LogCosh;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanAbsolutePercentageError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.MeanSquaredLogarithmicError;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.loss.Poisson;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.loss.SquaredHinge;
import io.github.tapeloop.loss.Tversky;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Losses. */
final class LossRows {

    private LossRows() {}

    static List<PartRow> rows() {
        return Stream.of(regressions(), binary(), categorical(), sparse(), others())
                .flatMap(List::stream)
                .toList();
    }

    /** A loss with nothing to set but the reduction. */
    private static PartRow row(String figures, String part, Supplier<PerSampleLoss> loss) {
        return row(figures, part, "", "", loss);
    }

    private static PartRow row(
            String figures, String part, String variant, String defaults, Supplier<PerSampleLoss> loss) {
        String keras =
                switch (part) {
                    case "Ctc" -> "losses.CTC";
                    case "KlDivergence" -> "losses.KLDivergence";
                    default ->
                        "losses."
                                + part.replace(".fromLogits", "(from_logits=True)")
                                        .replace(".fromProbabilities", "");
                };
        String all = "reduction=sum_over_batch_size" + (defaults.isEmpty() ? "" : ", " + defaults);
        return new PartRow(PartRow.Kind.LOSS, part, variant, keras, all, "PyTorch", new LossCheck(figures, loss));
    }

    private static List<PartRow> regressions() {
        return List.of(
                row("mse.1", "MeanSquaredError", MeanSquaredError::new),
                row("mse.column", "MeanSquaredError", "[batch] for [batch, 1]", "", MeanSquaredError::new),
                row("mse.2", "MeanSquaredError", "[batch, n]", "", MeanSquaredError::new),
                row("mse.3", "MeanSquaredError", "[batch, t, n]", "", MeanSquaredError::new),
                row("mse.by_sample", "MeanSquaredError", "weights [batch]", "", MeanSquaredError::new),
                row("mae", "MeanAbsoluteError", MeanAbsoluteError::new),
                row("mape", "MeanAbsolutePercentageError", MeanAbsolutePercentageError::new),
                row("msle", "MeanSquaredLogarithmicError", MeanSquaredLogarithmicError::new),
                row("huber", "Huber", "", "delta=1.0", Huber::new),
                row("huber.delta", "Huber", "delta=0.25", "delta=1.0", () -> new Huber().delta(0.25)),
                row("log_cosh", "LogCosh", LogCosh::new),
                row("poisson", "Poisson", Poisson::new),
                row("cosine", "CosineSimilarity", "", "axis=-1", CosineSimilarity::new),
                row("cosine.axis", "CosineSimilarity", "axis=1", "axis=-1", () -> new CosineSimilarity().axis(1)),
                row("hinge", "Hinge", Hinge::new),
                row("hinge.signs", "Hinge", "targets -1 and 1", "", Hinge::new),
                row("squared_hinge", "SquaredHinge", SquaredHinge::new),
                row("squared_hinge.signs", "SquaredHinge", "targets -1 and 1", "", SquaredHinge::new),
                row("categorical_hinge", "CategoricalHinge", CategoricalHinge::new));
    }

    private static List<PartRow> binary() {
        String part = "BinaryCrossentropy";
        String defaults = "label_smoothing=0.0, axis=-1";
        String focal = "BinaryFocalCrossentropy";
        String focalDefaults = "apply_class_balancing=False, alpha=0.25, gamma=2.0, label_smoothing=0.0, axis=-1";
        return List.of(
                row("bce", part + ".fromProbabilities", "", defaults, BinaryCrossentropy::fromProbabilities),
                row("bce.logits", part + ".fromLogits", "", defaults, BinaryCrossentropy::fromLogits),
                row(
                        "bce.logits.column",
                        part + ".fromLogits",
                        "[batch] for [batch, 1]",
                        defaults,
                        () -> BinaryCrossentropy.fromLogits()),
                row(
                        "bce.smooth",
                        part + ".fromProbabilities",
                        "label_smoothing=0.125",
                        defaults,
                        () -> BinaryCrossentropy.fromProbabilities().labelSmoothing(0.125)),
                row(
                        "bce.logits.smooth",
                        part + ".fromLogits",
                        "label_smoothing=0.125",
                        defaults,
                        () -> BinaryCrossentropy.fromLogits().labelSmoothing(0.125)),
                row(
                        "bce.axis",
                        part + ".fromProbabilities",
                        "axis=1",
                        defaults,
                        () -> BinaryCrossentropy.fromProbabilities().axis(1)),
                row(
                        "binary_focal",
                        focal + ".fromProbabilities",
                        "",
                        focalDefaults,
                        () -> BinaryFocalCrossentropy.fromProbabilities()),
                row(
                        "binary_focal.logits",
                        focal + ".fromLogits",
                        "",
                        focalDefaults,
                        () -> BinaryFocalCrossentropy.fromLogits()),
                row(
                        "binary_focal.balanced",
                        focal + ".fromLogits",
                        "apply_class_balancing=True, alpha=0.75, gamma=1.5, label_smoothing=0.125",
                        focalDefaults,
                        () -> BinaryFocalCrossentropy.fromLogits()
                                .applyClassBalancing(true)
                                .alpha(0.75)
                                .gamma(1.5)
                                .labelSmoothing(0.125)));
    }

    private static List<PartRow> categorical() {
        String part = "CategoricalCrossentropy";
        String defaults = "label_smoothing=0.0, axis=-1";
        String focal = "CategoricalFocalCrossentropy";
        String focalDefaults = "alpha=0.25, gamma=2.0, label_smoothing=0.0, axis=-1";
        return List.of(
                row("cce", part + ".fromProbabilities", "", defaults, CategoricalCrossentropy::fromProbabilities),
                row(
                        "cce.2",
                        part + ".fromProbabilities",
                        "[batch, classes]",
                        defaults,
                        () -> CategoricalCrossentropy.fromProbabilities()),
                row("cce.logits", part + ".fromLogits", "", defaults, CategoricalCrossentropy::fromLogits),
                row(
                        "cce.logits.2",
                        part + ".fromLogits",
                        "[batch, classes]",
                        defaults,
                        () -> CategoricalCrossentropy.fromLogits()),
                row(
                        "cce.smooth",
                        part + ".fromProbabilities",
                        "label_smoothing=0.25",
                        defaults,
                        () -> CategoricalCrossentropy.fromProbabilities().labelSmoothing(0.25)),
                row(
                        "cce.logits.smooth.axis",
                        part + ".fromLogits",
                        "label_smoothing=0.25, axis=1",
                        defaults,
                        () -> CategoricalCrossentropy.fromLogits()
                                .labelSmoothing(0.25)
                                .axis(1)),
                row(
                        "cce.axis",
                        part + ".fromProbabilities",
                        "axis=1",
                        defaults,
                        () -> CategoricalCrossentropy.fromProbabilities().axis(1)),
                row(
                        "categorical_focal",
                        focal + ".fromProbabilities",
                        "",
                        focalDefaults,
                        () -> CategoricalFocalCrossentropy.fromProbabilities()),
                row(
                        "categorical_focal.logits",
                        focal + ".fromLogits",
                        "",
                        focalDefaults,
                        () -> CategoricalFocalCrossentropy.fromLogits()),
                row(
                        "categorical_focal.alphas",
                        focal + ".fromProbabilities",
                        "alpha=[0.25, 0.5, 1, 0.125], gamma=1.5, label_smoothing=0.125",
                        focalDefaults,
                        () -> CategoricalFocalCrossentropy.fromProbabilities()
                                .alpha(0.25, 0.5, 1, 0.125)
                                .gamma(1.5)
                                .labelSmoothing(0.125)),
                row(
                        "categorical_focal.axis",
                        focal + ".fromLogits",
                        "axis=1",
                        focalDefaults,
                        () -> CategoricalFocalCrossentropy.fromLogits().axis(1)));
    }

    private static List<PartRow> sparse() {
        String probabilities = "SparseCategoricalCrossentropy.fromProbabilities";
        String logits = "SparseCategoricalCrossentropy.fromLogits";
        String defaults = "ignore_class=None";
        Supplier<PerSampleLoss> fromProbabilities = SparseCategoricalCrossentropy::fromProbabilities;
        Supplier<PerSampleLoss> fromLogits = SparseCategoricalCrossentropy::fromLogits;
        String generalized = "CategoricalGeneralizedCrossEntropy";
        return List.of(
                row("scce", probabilities, "", defaults, fromProbabilities),
                row("scce.2", probabilities, "[batch, classes]", defaults, fromProbabilities),
                row("scce.logits", logits, "", defaults, fromLogits),
                row("scce.logits.column", logits, "[batch, 1] for [batch, classes]", defaults, fromLogits),
                row("scce.logits.by_sample", logits, "weights [batch]", defaults, fromLogits),
                row(
                        "scce.ignore",
                        probabilities,
                        "ignore_class=255",
                        defaults,
                        () -> SparseCategoricalCrossentropy.fromProbabilities().ignoreClass(255)),
                row(
                        "scce.logits.ignore",
                        logits,
                        "ignore_class=-1",
                        defaults,
                        () -> SparseCategoricalCrossentropy.fromLogits().ignoreClass(-1)),
                row("generalized", generalized, "", "q=0.5", CategoricalGeneralizedCrossEntropy::new),
                row("generalized.q", generalized, "q=0.125", "q=0.5", () -> new CategoricalGeneralizedCrossEntropy()
                        .q(0.125)));
    }

    private static List<PartRow> others() {
        String circle = "gamma=80.0, margin=0.4, remove_diagonal=True";
        String tversky = "alpha=0.5, beta=0.5, axis=None";
        return List.of(
                row("kl", "KlDivergence", KlDivergence::new),
                row("dice", "Dice", "", "axis=None", Dice::new),
                row("dice.axis", "Dice", "axis=(1, 2, 3)", "axis=None", () -> new Dice().axis(1, 2, -1)),
                row("tversky", "Tversky", "", tversky, Tversky::new),
                row("tversky.axis", "Tversky", "alpha=0.75, beta=0.25, axis=(1, 2)", tversky, () -> new Tversky()
                        .alpha(0.75)
                        .beta(0.25)
                        .axis(1, 2)),
                row("circle", "Circle", "", circle, Circle::new),
                row(
                        "circle.diagonal",
                        "Circle",
                        "gamma=4, margin=0.25, remove_diagonal=False",
                        circle,
                        () -> new Circle().gamma(4).margin(0.25).removeDiagonal(false)),
                row("ctc", "Ctc", Ctc::new));
    }
}
