package io.github.tapeloop.parts;

import static io.github.tapeloop.parts.MetricCheck.row;

import io.github.tapeloop.metric.Auc;
import io.github.tapeloop.metric.Auc.Curve;
import io.github.tapeloop.metric.Auc.Summation;
import io.github.tapeloop.metric.BinaryIoU;
import io.github.tapeloop.metric.F1Score;
import io.github.tapeloop.metric.FBetaScore;
import io.github.tapeloop.metric.IoU;
import io.github.tapeloop.metric.MeanIoU;
import io.github.tapeloop.metric.OneHotIoU;
import io.github.tapeloop.metric.OneHotMeanIoU;
import io.github.tapeloop.parts.MetricCheck.Names;
import java.util.List;

/** Metrics: areas under curves, F scores, intersections over unions. */
final class CurveRows {

    private CurveRows() {}

    static List<PartRow> rows() {
        return List.of(
                row(
                        "Auc",
                        "",
                        new Names("AUC", "binary", "auc"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        Auc::new),
                row(
                        "Auc",
                        "minoring",
                        new Names("AUC", "binary", "auc_roc_minoring"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().summation(Summation.MINORING)),
                row(
                        "Auc",
                        "majoring",
                        new Names("AUC", "binary", "auc_roc_majoring"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().summation(Summation.MAJORING)),
                row(
                        "Auc",
                        "curve=PR",
                        new Names("AUC", "binary", "auc_pr"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().curve(Curve.PR)),
                row(
                        "Auc",
                        "curve=PR, minoring",
                        new Names("AUC", "binary", "auc_pr_minoring"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().curve(Curve.PR).summation(Summation.MINORING)),
                row(
                        "Auc",
                        "curve=PR, majoring",
                        new Names("AUC", "binary", "auc_pr_majoring"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().curve(Curve.PR).summation(Summation.MAJORING)),
                row(
                        "Auc",
                        "thresholds=[0.125, 0.5, 0.625]",
                        new Names("AUC", "binary", "auc_thresholds"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().thresholds(0.125, 0.5, 0.625)),
                row(
                        "Auc",
                        "num_thresholds=3",
                        new Names("AUC", "binary", "auc_few"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().numThresholds(3)),
                row(
                        "Auc",
                        "several labels",
                        new Names("AUC", "labels", "auc_flat"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        Auc::new),
                row(
                        "Auc",
                        "multi_label=True",
                        new Names("AUC", "labels", "auc_labels"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().multiLabel(true)),
                row(
                        "Auc",
                        "multi_label=True, curve=PR, label_weights=[1, 2, 0.5]",
                        new Names("AUC", "labels", "auc_labels_pr"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().multiLabel(true).curve(Curve.PR).labelWeights(1, 2, 0.5)),
                row(
                        "Auc",
                        "label_weights=[1, 2, 0.5]",
                        new Names("AUC", "labels", "auc_label_weights"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().labelWeights(1, 2, 0.5)),
                row(
                        "Auc",
                        "from_logits=True",
                        new Names("AUC", "logits", "auc_logits"),
                        "num_thresholds=200, curve=ROC, summation_method=interpolation, multi_label=False, from_logits=False",
                        () -> new Auc().fromLogits(true)),
                row(
                        "F1Score",
                        "",
                        new Names("F1Score", "onehot", "f1_score"),
                        "average=macro (Keras: None), threshold=None",
                        F1Score::new),
                row(
                        "F1Score",
                        "average=None, threshold=0.5",
                        new Names("F1Score", "labels", "f1_score_none"),
                        "average=macro (Keras: None), threshold=None",
                        () -> new F1Score().average(FBetaScore.Average.NONE).threshold(0.5)),
                row(
                        "F1Score",
                        "average=micro, threshold=0.5",
                        new Names("F1Score", "labels", "f1_score_micro"),
                        "average=macro (Keras: None), threshold=None",
                        () -> new F1Score().average(FBetaScore.Average.MICRO).threshold(0.5)),
                row(
                        "FBetaScore",
                        "beta=2",
                        new Names("FBetaScore", "onehot", "fbeta_score"),
                        "average=macro (Keras: None), threshold=None",
                        () -> new FBetaScore(2)),
                row(
                        "FBetaScore",
                        "beta=0.5, average=weighted",
                        new Names("FBetaScore", "labels", "fbeta_score_weighted"),
                        "average=macro (Keras: None), threshold=None",
                        () -> new FBetaScore(0.5).average(FBetaScore.Average.WEIGHTED)),
                row(
                        "IoU",
                        "",
                        new Names("IoU", "ids", "io_u"),
                        "ignore_class=None, sparse_y_true=True, sparse_y_pred=True",
                        () -> new IoU(4, 0, 2)),
                row(
                        "MeanIoU",
                        "",
                        new Names("MeanIoU", "ids", "mean_io_u"),
                        "ignore_class=None, sparse_y_true=True, sparse_y_pred=True",
                        () -> new MeanIoU(4)),
                row(
                        "MeanIoU",
                        "classes that do not occur",
                        new Names("MeanIoU", "ids", "mean_io_u_absent"),
                        "ignore_class=None, sparse_y_true=True, sparse_y_pred=True",
                        () -> new MeanIoU(9)),
                row(
                        "MeanIoU",
                        "ignore_class=2, classes out of range",
                        new Names("MeanIoU", "stray_ids", "mean_io_u_stray"),
                        "ignore_class=None, sparse_y_true=True, sparse_y_pred=True",
                        () -> new MeanIoU(4).ignoreClass(2)),
                row(
                        "BinaryIoU",
                        "",
                        new Names("BinaryIoU", "binary", "binary_io_u"),
                        "target_class_ids=[0, 1], threshold=0.5",
                        BinaryIoU::new),
                row(
                        "BinaryIoU",
                        "target_class_ids=[1], threshold=0.75",
                        new Names("BinaryIoU", "binary", "binary_io_u_one"),
                        "target_class_ids=[0, 1], threshold=0.5",
                        () -> new BinaryIoU("iou", 1).threshold(0.75)),
                row(
                        "OneHotIoU",
                        "",
                        new Names("OneHotIoU", "onehot", "one_hot_io_u"),
                        "ignore_class=None, sparse_y_pred=False",
                        () -> new OneHotIoU(6, 1, 4)),
                row(
                        "OneHotMeanIoU",
                        "",
                        new Names("OneHotMeanIoU", "onehot", "one_hot_mean_io_u"),
                        "ignore_class=None, sparse_y_pred=False",
                        () -> new OneHotMeanIoU(6)));
    }
}
