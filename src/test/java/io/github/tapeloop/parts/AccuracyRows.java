package io.github.tapeloop.parts;

import static io.github.tapeloop.parts.MetricCheck.row;

import io.github.tapeloop.metric.Accuracy;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.CategoricalAccuracy;
import io.github.tapeloop.metric.FalseNegatives;
import io.github.tapeloop.metric.FalsePositives;
import io.github.tapeloop.metric.Precision;
import io.github.tapeloop.metric.PrecisionAtRecall;
import io.github.tapeloop.metric.Recall;
import io.github.tapeloop.metric.RecallAtPrecision;
import io.github.tapeloop.metric.SensitivityAtSpecificity;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.metric.SparseTopKCategoricalAccuracy;
import io.github.tapeloop.metric.SpecificityAtSensitivity;
import io.github.tapeloop.metric.TopKCategoricalAccuracy;
import io.github.tapeloop.metric.TrueNegatives;
import io.github.tapeloop.metric.TruePositives;
import io.github.tapeloop.parts.MetricCheck.Names;
import java.util.List;

/** Metrics: accuracies, and what is made of true and false positives and negatives. */
final class AccuracyRows {

    private AccuracyRows() {}

    static List<PartRow> rows() {
        return List.of(
                row("Accuracy", "", new Names("Accuracy", "ids", "accuracy"), "", Accuracy::new),
                row(
                        "BinaryAccuracy",
                        "",
                        new Names("BinaryAccuracy", "binary", "binary_accuracy"),
                        "threshold=0.5",
                        BinaryAccuracy::new),
                row(
                        "BinaryAccuracy",
                        "threshold=0.75",
                        new Names("BinaryAccuracy", "binary", "binary_accuracy_threshold"),
                        "threshold=0.5",
                        () -> new BinaryAccuracy().threshold(0.75)),
                row(
                        "CategoricalAccuracy",
                        "",
                        new Names("CategoricalAccuracy", "onehot", "categorical_accuracy"),
                        "",
                        CategoricalAccuracy::new),
                row(
                        "SparseCategoricalAccuracy",
                        "",
                        new Names("SparseCategoricalAccuracy", "classes", "sparse_categorical_accuracy"),
                        "",
                        SparseCategoricalAccuracy::new),
                row(
                        "SparseCategoricalAccuracy",
                        "a series of classes",
                        new Names("SparseCategoricalAccuracy", "series", "sparse_categorical_accuracy_series"),
                        "",
                        SparseCategoricalAccuracy::new),
                row(
                        "TopKCategoricalAccuracy",
                        "",
                        new Names("TopKCategoricalAccuracy", "onehot", "top_k_categorical_accuracy"),
                        "k=5",
                        TopKCategoricalAccuracy::new),
                row(
                        "TopKCategoricalAccuracy",
                        "k=2",
                        new Names("TopKCategoricalAccuracy", "onehot", "top_k_categorical_accuracy_2"),
                        "k=5",
                        () -> new TopKCategoricalAccuracy().k(2)),
                row(
                        "SparseTopKCategoricalAccuracy",
                        "",
                        new Names("SparseTopKCategoricalAccuracy", "classes", "sparse_top_k_categorical_accuracy"),
                        "k=5",
                        SparseTopKCategoricalAccuracy::new),
                row(
                        "SparseTopKCategoricalAccuracy",
                        "k=2, a series of classes",
                        new Names(
                                "SparseTopKCategoricalAccuracy", "series", "sparse_top_k_categorical_accuracy_series"),
                        "k=5",
                        () -> new SparseTopKCategoricalAccuracy().k(2)),
                row(
                        "TruePositives",
                        "",
                        new Names("TruePositives", "binary", "true_positives"),
                        "thresholds=0.5",
                        TruePositives::new),
                row(
                        "TruePositives",
                        "thresholds=[0.25, 0.75]",
                        new Names("TruePositives", "labels", "true_positives_thresholds"),
                        "thresholds=0.5",
                        () -> new TruePositives().thresholds(0.25, 0.75)),
                row(
                        "FalsePositives",
                        "",
                        new Names("FalsePositives", "binary", "false_positives"),
                        "thresholds=0.5",
                        FalsePositives::new),
                row(
                        "FalsePositives",
                        "thresholds=[0.25, 0.75]",
                        new Names("FalsePositives", "labels", "false_positives_thresholds"),
                        "thresholds=0.5",
                        () -> new FalsePositives().thresholds(0.25, 0.75)),
                row(
                        "TrueNegatives",
                        "",
                        new Names("TrueNegatives", "binary", "true_negatives"),
                        "thresholds=0.5",
                        TrueNegatives::new),
                row(
                        "TrueNegatives",
                        "thresholds=[0.25, 0.75]",
                        new Names("TrueNegatives", "labels", "true_negatives_thresholds"),
                        "thresholds=0.5",
                        () -> new TrueNegatives().thresholds(0.25, 0.75)),
                row(
                        "FalseNegatives",
                        "",
                        new Names("FalseNegatives", "binary", "false_negatives"),
                        "thresholds=0.5",
                        FalseNegatives::new),
                row(
                        "FalseNegatives",
                        "thresholds=[0.25, 0.75]",
                        new Names("FalseNegatives", "labels", "false_negatives_thresholds"),
                        "thresholds=0.5",
                        () -> new FalseNegatives().thresholds(0.25, 0.75)),
                row(
                        "Precision",
                        "",
                        new Names("Precision", "binary", "precision"),
                        "thresholds=0.5, top_k=None, class_id=None",
                        Precision::new),
                row(
                        "Recall",
                        "",
                        new Names("Recall", "binary", "recall"),
                        "thresholds=0.5, top_k=None, class_id=None",
                        Recall::new),
                row(
                        "Precision",
                        "thresholds=[0.25, 0.5, 0.8125]",
                        new Names("Precision", "binary", "precision_thresholds"),
                        "thresholds=0.5, top_k=None, class_id=None",
                        () -> new Precision().thresholds(0.25, 0.5, 0.8125)),
                row(
                        "Recall",
                        "thresholds=[0.25, 0.5, 0.8125]",
                        new Names("Recall", "binary", "recall_thresholds"),
                        "thresholds=0.5, top_k=None, class_id=None",
                        () -> new Recall().thresholds(0.25, 0.5, 0.8125)),
                row(
                        "Precision",
                        "top_k=2",
                        new Names("Precision", "labels", "precision_top_k"),
                        "thresholds=0.5, top_k=None, class_id=None",
                        () -> new Precision().topK(2)),
                row(
                        "Recall",
                        "top_k=2",
                        new Names("Recall", "labels", "recall_top_k"),
                        "thresholds=0.5, top_k=None, class_id=None",
                        () -> new Recall().topK(2)),
                row(
                        "Precision",
                        "top_k=2, thresholds=0.5",
                        new Names("Precision", "labels", "precision_top_k_threshold"),
                        "thresholds=0.5, top_k=None, class_id=None",
                        () -> new Precision().topK(2).thresholds(0.5)),
                row(
                        "Recall",
                        "class_id=1",
                        new Names("Recall", "labels", "recall_class"),
                        "thresholds=0.5, top_k=None, class_id=None",
                        () -> new Recall().classId(1)),
                row(
                        "PrecisionAtRecall",
                        "",
                        new Names("PrecisionAtRecall", "binary", "precision_at_recall"),
                        "num_thresholds=200, class_id=None",
                        () -> new PrecisionAtRecall(0.75)),
                row(
                        "RecallAtPrecision",
                        "",
                        new Names("RecallAtPrecision", "binary", "recall_at_precision"),
                        "num_thresholds=200, class_id=None",
                        () -> new RecallAtPrecision(0.75)),
                row(
                        "RecallAtPrecision",
                        "num_thresholds=5, class_id=2",
                        new Names("RecallAtPrecision", "labels", "recall_at_precision_class"),
                        "num_thresholds=200, class_id=None",
                        () -> new RecallAtPrecision(0.75).numThresholds(5).classId(2)),
                row(
                        "SensitivityAtSpecificity",
                        "",
                        new Names("SensitivityAtSpecificity", "binary", "sensitivity_at_specificity"),
                        "num_thresholds=200, class_id=None",
                        () -> new SensitivityAtSpecificity(0.75)),
                row(
                        "SpecificityAtSensitivity",
                        "",
                        new Names("SpecificityAtSensitivity", "binary", "specificity_at_sensitivity"),
                        "num_thresholds=200, class_id=None",
                        () -> new SpecificityAtSensitivity(0.75)));
    }
}
