package io.github.tapeloop.parts;

import static io.github.tapeloop.parts.MetricCheck.row;

import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.CategoricalHinge;
import io.github.tapeloop.loss.Hinge;
import io.github.tapeloop.loss.KlDivergence;
import io.github.tapeloop.loss.LogCosh;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanAbsolutePercentageError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.MeanSquaredLogarithmicError;
import io.github.tapeloop.loss.Poisson;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.loss.SquaredHinge;
import io.github.tapeloop.metric.ConcordanceCorrelation;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.MeanCosineSimilarity;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.PearsonCorrelation;
import io.github.tapeloop.metric.R2Score;
import io.github.tapeloop.metric.R2Score.Aggregation;
import io.github.tapeloop.metric.RootMeanSquaredError;
import io.github.tapeloop.metric.Sum;
import io.github.tapeloop.parts.MetricCheck.Names;
import java.util.List;

/** Metrics: means, sums, errors, correlations, cross-entropies. */
final class MetricRows {

    private MetricRows() {}

    static List<PartRow> rows() {
        return List.of(
                row("Mean", "", new Names("Mean", "numbers", "mean"), "", () -> new Mean("mean")),
                row("Sum", "", new Names("Sum", "numbers", "sum"), "", Sum::new),
                row(
                        "Metric.of(MeanSquaredError)",
                        "",
                        new Names("MeanSquaredError", "numbers", "mean_squared_error"),
                        "",
                        () -> Metric.of(new MeanSquaredError())),
                row(
                        "RootMeanSquaredError",
                        "",
                        new Names("RootMeanSquaredError", "numbers", "root_mean_squared_error"),
                        "",
                        RootMeanSquaredError::new),
                row(
                        "Metric.of(MeanAbsoluteError)",
                        "",
                        new Names("MeanAbsoluteError", "numbers", "mean_absolute_error"),
                        "",
                        () -> Metric.of(new MeanAbsoluteError())),
                row(
                        "Metric.of(MeanAbsolutePercentageError)",
                        "",
                        new Names("MeanAbsolutePercentageError", "numbers", "mean_absolute_percentage_error"),
                        "",
                        () -> Metric.of(new MeanAbsolutePercentageError())),
                row(
                        "Metric.of(MeanSquaredLogarithmicError)",
                        "",
                        new Names("MeanSquaredLogarithmicError", "positive", "mean_squared_logarithmic_error"),
                        "",
                        () -> Metric.of(new MeanSquaredLogarithmicError())),
                row(
                        "Metric.of(LogCosh)",
                        "",
                        new Names("LogCoshError", "numbers", "logcosh"),
                        "",
                        () -> Metric.of(new LogCosh())),
                row(
                        "MeanCosineSimilarity",
                        "",
                        new Names("CosineSimilarity", "numbers", "cosine_similarity"),
                        "axis=-1",
                        MeanCosineSimilarity::new),
                row(
                        "MeanCosineSimilarity",
                        "axis=1",
                        new Names("CosineSimilarity", "series_numbers", "cosine_similarity_axis"),
                        "axis=-1",
                        () -> new MeanCosineSimilarity().axis(1)),
                row(
                        "PearsonCorrelation",
                        "",
                        new Names("PearsonCorrelation", "numbers", "pearson_correlation"),
                        "axis=-1",
                        PearsonCorrelation::new),
                row(
                        "ConcordanceCorrelation",
                        "",
                        new Names("ConcordanceCorrelation", "numbers", "concordance_correlation"),
                        "axis=-1",
                        ConcordanceCorrelation::new),
                row(
                        "R2Score",
                        "",
                        new Names("R2Score", "numbers", "r2_score"),
                        "class_aggregation=uniform_average, num_regressors=0",
                        R2Score::new),
                row(
                        "R2Score",
                        "class_aggregation=None",
                        new Names("R2Score", "numbers", "r2_score_columns"),
                        "class_aggregation=uniform_average, num_regressors=0",
                        () -> new R2Score().aggregation(Aggregation.NONE)),
                row(
                        "R2Score",
                        "class_aggregation=variance_weighted_average, num_regressors=3",
                        new Names("R2Score", "numbers", "r2_score_adjusted"),
                        "class_aggregation=uniform_average, num_regressors=0",
                        () -> new R2Score()
                                .aggregation(Aggregation.VARIANCE_WEIGHTED_AVERAGE)
                                .numRegressors(3)),
                row(
                        "Metric.of(Poisson)",
                        "",
                        new Names("Poisson", "positive", "poisson"),
                        "",
                        () -> Metric.of(new Poisson())),
                row(
                        "Metric.of(KlDivergence)",
                        "",
                        new Names("KLDivergence", "distributions", "kl_divergence"),
                        "",
                        () -> Metric.of(new KlDivergence())),
                row("Metric.of(Hinge)", "", new Names("Hinge", "signs", "hinge"), "", () -> Metric.of(new Hinge())),
                row(
                        "Metric.of(Hinge)",
                        "labels 0 and 1",
                        new Names("Hinge", "logits", "hinge_binary"),
                        "",
                        () -> Metric.of(new Hinge())),
                row(
                        "Metric.of(SquaredHinge)",
                        "",
                        new Names("SquaredHinge", "signs", "squared_hinge"),
                        "",
                        () -> Metric.of(new SquaredHinge())),
                row(
                        "Metric.of(CategoricalHinge)",
                        "",
                        new Names("CategoricalHinge", "onehot", "categorical_hinge"),
                        "",
                        () -> Metric.of(new CategoricalHinge())),
                row(
                        "Metric.of(BinaryCrossentropy.fromProbabilities)",
                        "",
                        new Names("BinaryCrossentropy", "labels", "binary_crossentropy"),
                        "label_smoothing=0.0, axis=-1",
                        () -> Metric.of(BinaryCrossentropy.fromProbabilities())),
                row(
                        "Metric.of(BinaryCrossentropy.fromLogits)",
                        "label_smoothing=0.125",
                        new Names("BinaryCrossentropy(from_logits=True)", "logits", "binary_crossentropy_logits"),
                        "label_smoothing=0.0, axis=-1",
                        () -> Metric.of(BinaryCrossentropy.fromLogits().labelSmoothing(0.125))),
                row(
                        "Metric.of(CategoricalCrossentropy.fromProbabilities)",
                        "",
                        new Names("CategoricalCrossentropy", "onehot_rows", "categorical_crossentropy"),
                        "label_smoothing=0.0, axis=-1",
                        () -> Metric.of(CategoricalCrossentropy.fromProbabilities())),
                row(
                        "Metric.of(CategoricalCrossentropy.fromLogits)",
                        "label_smoothing=0.125",
                        new Names(
                                "CategoricalCrossentropy(from_logits=True)",
                                "onehot",
                                "categorical_crossentropy_logits"),
                        "label_smoothing=0.0, axis=-1",
                        () -> Metric.of(CategoricalCrossentropy.fromLogits().labelSmoothing(0.125))),
                row(
                        "Metric.of(SparseCategoricalCrossentropy.fromProbabilities)",
                        "",
                        new Names("SparseCategoricalCrossentropy", "class_rows", "sparse_categorical_crossentropy"),
                        "",
                        () -> Metric.of(SparseCategoricalCrossentropy.fromProbabilities())),
                row(
                        "Metric.of(SparseCategoricalCrossentropy.fromLogits)",
                        "a series of classes",
                        new Names(
                                "SparseCategoricalCrossentropy(from_logits=True)",
                                "series",
                                "sparse_categorical_crossentropy_logits"),
                        "",
                        () -> Metric.of(SparseCategoricalCrossentropy.fromLogits())));
    }
}
