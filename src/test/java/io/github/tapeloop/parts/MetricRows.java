package io.github.tapeloop.parts;

import static io.github.tapeloop.parts.MetricCheck.row;

import io.github.tapeloop.metric.BinaryCrossentropy;
import io.github.tapeloop.metric.CategoricalCrossentropy;
import io.github.tapeloop.metric.CategoricalHinge;
import io.github.tapeloop.metric.ConcordanceCorrelation;
import io.github.tapeloop.metric.CosineSimilarity;
import io.github.tapeloop.metric.Hinge;
import io.github.tapeloop.metric.KlDivergence;
import io.github.tapeloop.metric.LogCoshError;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.MeanAbsoluteError;
import io.github.tapeloop.metric.MeanAbsolutePercentageError;
import io.github.tapeloop.metric.MeanSquaredError;
import io.github.tapeloop.metric.MeanSquaredLogarithmicError;
import io.github.tapeloop.metric.PearsonCorrelation;
import io.github.tapeloop.metric.Poisson;
import io.github.tapeloop.metric.R2Score;
import io.github.tapeloop.metric.R2Score.Aggregation;
import io.github.tapeloop.metric.RootMeanSquaredError;
import io.github.tapeloop.metric.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SquaredHinge;
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
                        "MeanSquaredError",
                        "",
                        new Names("MeanSquaredError", "numbers", "mean_squared_error"),
                        "",
                        MeanSquaredError::new),
                row(
                        "RootMeanSquaredError",
                        "",
                        new Names("RootMeanSquaredError", "numbers", "root_mean_squared_error"),
                        "",
                        RootMeanSquaredError::new),
                row(
                        "MeanAbsoluteError",
                        "",
                        new Names("MeanAbsoluteError", "numbers", "mean_absolute_error"),
                        "",
                        MeanAbsoluteError::new),
                row(
                        "MeanAbsolutePercentageError",
                        "",
                        new Names("MeanAbsolutePercentageError", "numbers", "mean_absolute_percentage_error"),
                        "",
                        MeanAbsolutePercentageError::new),
                row(
                        "MeanSquaredLogarithmicError",
                        "",
                        new Names("MeanSquaredLogarithmicError", "positive", "mean_squared_logarithmic_error"),
                        "",
                        MeanSquaredLogarithmicError::new),
                row("LogCoshError", "", new Names("LogCoshError", "numbers", "logcosh"), "", LogCoshError::new),
                row(
                        "CosineSimilarity",
                        "",
                        new Names("CosineSimilarity", "numbers", "cosine_similarity"),
                        "axis=-1",
                        CosineSimilarity::new),
                row(
                        "CosineSimilarity",
                        "axis=1",
                        new Names("CosineSimilarity", "series_numbers", "cosine_similarity_axis"),
                        "axis=-1",
                        () -> new CosineSimilarity().axis(1)),
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
                row("Poisson", "", new Names("Poisson", "positive", "poisson"), "", Poisson::new),
                row(
                        "KlDivergence",
                        "",
                        new Names("KLDivergence", "distributions", "kl_divergence"),
                        "",
                        KlDivergence::new),
                row("Hinge", "", new Names("Hinge", "signs", "hinge"), "", Hinge::new),
                row("Hinge", "labels 0 and 1", new Names("Hinge", "logits", "hinge_binary"), "", Hinge::new),
                row("SquaredHinge", "", new Names("SquaredHinge", "signs", "squared_hinge"), "", SquaredHinge::new),
                row(
                        "CategoricalHinge",
                        "",
                        new Names("CategoricalHinge", "onehot", "categorical_hinge"),
                        "",
                        CategoricalHinge::new),
                row(
                        "BinaryCrossentropy",
                        "",
                        new Names("BinaryCrossentropy", "labels", "binary_crossentropy"),
                        "from_logits=False, label_smoothing=0",
                        BinaryCrossentropy::new),
                row(
                        "BinaryCrossentropy",
                        "from_logits=True, label_smoothing=0.125",
                        new Names("BinaryCrossentropy", "logits", "binary_crossentropy_logits"),
                        "from_logits=False, label_smoothing=0",
                        () -> new BinaryCrossentropy().fromLogits(true).labelSmoothing(0.125)),
                row(
                        "CategoricalCrossentropy",
                        "",
                        new Names("CategoricalCrossentropy", "onehot_rows", "categorical_crossentropy"),
                        "from_logits=False, label_smoothing=0, axis=-1",
                        CategoricalCrossentropy::new),
                row(
                        "CategoricalCrossentropy",
                        "from_logits=True, label_smoothing=0.125",
                        new Names("CategoricalCrossentropy", "onehot", "categorical_crossentropy_logits"),
                        "from_logits=False, label_smoothing=0, axis=-1",
                        () -> new CategoricalCrossentropy().fromLogits(true).labelSmoothing(0.125)),
                row(
                        "SparseCategoricalCrossentropy",
                        "",
                        new Names("SparseCategoricalCrossentropy", "class_rows", "sparse_categorical_crossentropy"),
                        "from_logits=False, axis=-1",
                        SparseCategoricalCrossentropy::new),
                row(
                        "SparseCategoricalCrossentropy",
                        "from_logits=True, a series of classes",
                        new Names("SparseCategoricalCrossentropy", "series", "sparse_categorical_crossentropy_logits"),
                        "from_logits=False, axis=-1",
                        () -> new SparseCategoricalCrossentropy().fromLogits(true)));
    }
}
