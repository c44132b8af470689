"""Real Keras' own figures for the metrics: two batches, with and without weights.

    KERAS_BACKEND=tensorflow python3 keras_metrics.py > keras_metrics.txt

Each case is named DATA/PART(SETTINGS): the part and its settings are written as in Java, so that the test makes it from its
name alone.
"""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from keras_losses import bits, emit, java_name, one_hot, rows, uniform  # noqa: E402
import keras_losses  # noqa: E402

ABOUT = f"""\
Made by keras_metrics.py with Keras {keras.__version__} on TensorFlow {tf.__version__}. Do not edit: run the script.
Format: one array a line, fields separated by one space: NAME SHAPE VALUE...
  DATA.t0, DATA.p0, DATA.w0, DATA.t1, …      targets, predictions and weights of two batches, multiples of 1/256
  DATA/PART(SETTINGS).plain, .weighted       results after both"""

rng = keras_losses.rng = np.random.RandomState(16)
SIZES = 7, 5


def ints(high, *shape):
    return rng.randint(0, high, shape)


def distinct(*shape):
    """Scores of different ranks in each row."""
    flat = np.array([rng.permutation(shape[-1] * 4)[:shape[-1]] for _ in range(int(np.prod(shape[:-1])))])
    return flat.reshape(shape) / 32 - 0.25


def data():
    """Targets and predictions by the size of a batch."""
    yield "column", lambda n: (uniform(-2, 2, n, 1), uniform(-2, 2, n, 1))
    yield "table", lambda n: (uniform(-2, 2, n, 3), uniform(-2, 2, n, 3))
    yield "series", lambda n: (uniform(-2, 2, n, 2, 3), uniform(-2, 2, n, 2, 3))
    yield "positive", lambda n: (uniform(0.1, 3, n, 3), uniform(0.1, 3, n, 3))
    yield "positive_column", lambda n: (uniform(0.1, 3, n, 1), uniform(0.1, 3, n, 1))
    yield "positive_series", lambda n: (uniform(0.1, 3, n, 2, 3), uniform(0.1, 3, n, 2, 3))
    yield "signs", lambda n: (2 * bits(n, 3) - 1, uniform(-2, 2, n, 3))
    yield "label_column", lambda n: (bits(n, 1), uniform(0.02, 0.98, n, 1))
    yield "labels", lambda n: (bits(n, 3), uniform(0.02, 0.98, n, 3))
    yield "label_series", lambda n: (bits(n, 2, 3), uniform(0.02, 0.98, n, 2, 3))
    yield "logits", lambda n: (bits(n, 3), uniform(-4, 4, n, 3))
    yield "logit_column", lambda n: (bits(n, 1), uniform(-4, 4, n, 1))
    yield "onehot", lambda n: (one_hot(4, n), rows(n, 4))
    yield "onehot_logits", lambda n: (one_hot(4, n), uniform(-3, 3, n, 4))
    yield "onehot_series", lambda n: (one_hot(4, n, 2), rows(n, 2, 4))
    yield "onehot_eight", lambda n: (one_hot(8, n), distinct(n, 8))
    yield "classes", lambda n: (ints(4, n), rows(n, 4))
    yield "class_column", lambda n: (ints(4, n, 1), distinct(n, 4))
    yield "class_logits", lambda n: (ints(4, n), distinct(n, 4))
    yield "class_series", lambda n: (ints(4, n, 2), distinct(n, 2, 4))
    yield "class_eight", lambda n: (ints(8, n), distinct(n, 8))
    yield "class_row_column", lambda n: (ints(4, n, 1), rows(n, 4))
    yield "class_row_series", lambda n: (ints(4, n, 2), rows(n, 2, 4))
    yield "ids", lambda n: (ints(4, n, 3), ints(4, n, 3))
    yield "id_column", lambda n: (ints(3, n, 1), ints(3, n, 1))
    yield "id_series", lambda n: (ints(3, n, 2, 3), ints(3, n, 2, 3))


DATA = {}


def case(name, make, values, data_set, weights=True):
    for way in ("plain", "weighted") if weights else ("plain",):
        metric = make()
        for target, prediction, weight in DATA[data_set]:
            given = (prediction,) if values else (target, prediction)
            metric.update_state(*given, sample_weight=weight if way == "weighted" else None)
        emit(f"{data_set}/{name}.{way}", np.asarray(metric.result()).ravel() if np.ndim(metric.result())
             else np.asarray([metric.result()]).ravel())


def errors(m):
    for part, metric in (("Metric.of(MeanSquaredError)", m.MeanSquaredError), ("RootMeanSquaredError", m.RootMeanSquaredError),
                         ("Metric.of(MeanAbsoluteError)", m.MeanAbsoluteError), ("Metric.of(LogCosh)", m.LogCoshError)):
        yield part, metric, {}, ("column", "table", "series"), [{}]
    yield "Metric.of(MeanAbsolutePercentageError)", m.MeanAbsolutePercentageError, {}, ("column", "table", "positive"), [{}]
    for part, metric in (("MeanSquaredLogarithmicError", m.MeanSquaredLogarithmicError), ("Poisson", m.Poisson)):
        yield f"Metric.of({part})", metric, {}, ("positive_column", "positive", "positive_series"), [{}]
    yield "MeanCosineSimilarity", m.CosineSimilarity, {}, ("table", "positive", "series"), [{}]
    yield "MeanCosineSimilarity", m.CosineSimilarity, {}, ("series",), [{"axis": 1}]
    for part in "PearsonCorrelation", "ConcordanceCorrelation":
        yield part, getattr(m, part), {}, ("table", "positive", "series"), [{}]
    yield "R2Score", m.R2Score, {}, ("column", "table"), [{}, {"num_regressors": 2}]
    yield "R2Score", m.R2Score, {"class_aggregation": "variance_weighted_average"}, ("table",), [
        {"aggregation": "variance_weighted_average"}]
    yield "R2Score", m.R2Score, {"class_aggregation": None}, ("positive",), [{"aggregation": "none"}]


def losses(m):
    for part, metric in (("Hinge", m.Hinge), ("SquaredHinge", m.SquaredHinge)):
        yield f"Metric.of({part})", metric, {}, ("signs", "logits", "logit_column"), [{}]
    yield "Metric.of(CategoricalHinge)", m.CategoricalHinge, {}, ("onehot", "onehot_logits", "onehot_series"), [{}]
    yield "Metric.of(KlDivergence)", m.KLDivergence, {}, ("onehot", "onehot_series", "labels"), [{}]
    smooth = [{}, {"label_smoothing": 0.125}]
    yield "Metric.of(BinaryCrossentropy.fromProbabilities)", m.BinaryCrossentropy, {}, ("labels", "label_column"), smooth
    yield "Metric.of(BinaryCrossentropy.fromLogits)", m.BinaryCrossentropy, {"from_logits": True}, (
        "logits", "logit_column"), smooth
    yield "Metric.of(CategoricalCrossentropy.fromProbabilities)", m.CategoricalCrossentropy, {}, (
        "onehot", "onehot_series"), smooth
    yield "Metric.of(CategoricalCrossentropy.fromLogits)", m.CategoricalCrossentropy, {"from_logits": True}, (
        "onehot_logits", "onehot_eight"), smooth
    yield "Metric.of(SparseCategoricalCrossentropy.fromProbabilities)", m.SparseCategoricalCrossentropy, {}, (
        "classes", "class_row_column", "class_row_series"), [{}]
    yield "Metric.of(SparseCategoricalCrossentropy.fromLogits)", m.SparseCategoricalCrossentropy, {"from_logits": True}, (
        "class_column", "class_logits", "class_series", "classes"), [{}]


def accuracies(m):
    yield "Accuracy", m.Accuracy, {}, ("ids", "id_column", "id_series"), [{}]
    yield "BinaryAccuracy", m.BinaryAccuracy, {}, ("labels", "label_column", "label_series"), [{}, {"threshold": 0.25}]
    yield "CategoricalAccuracy", m.CategoricalAccuracy, {}, ("onehot", "onehot_logits", "onehot_series"), [{}]
    yield "SparseCategoricalAccuracy", m.SparseCategoricalAccuracy, {}, ("classes", "class_column", "class_series"), [{}]
    yield "TopKCategoricalAccuracy", m.TopKCategoricalAccuracy, {}, ("onehot_eight",), [{}, {"k": 1}, {"k": 3}]
    yield "SparseTopKCategoricalAccuracy", m.SparseTopKCategoricalAccuracy, {}, ("class_eight",), [{}, {"k": 1}, {"k": 3}]
    several = [{}, {"thresholds": [0.25]}, {"thresholds": [0.1, 0.4, 0.9]}]
    for part in "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives":
        yield part, getattr(m, part), {}, ("labels", "label_column"), several
    for part in "Precision", "Recall":
        yield part, getattr(m, part), {}, ("labels", "label_column"), several
        yield part, getattr(m, part), {}, ("labels",), [{"top_k": 1}, {"class_id": 1}, {"top_k": 2, "class_id": 0}]
    for part in "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity":
        metric = getattr(m, part)
        for least in 0.3, 0.8:
            yield part, lambda least=least, metric=metric, **kw: metric(least, **kw), {}, ("labels", "label_column"), [
                {"": least}, {"": least, "num_thresholds": 20}, ]
        yield part, lambda metric=metric, **kw: metric(0.5, **kw), {}, ("labels",), [{"": 0.5, "class_id": 2}]
    yield "Auc", m.AUC, {}, ("labels", "label_column", "label_series"), [{}, {"curve": "PR"}, {"num_thresholds": 20}]
    yield "Auc", m.AUC, {}, ("labels",), [
        {"summation_method": "minoring"}, {"summation_method": "majoring"}, {"multi_label": True},
        {"thresholds": [0.2, 0.5]}, {"curve": "PR", "summation_method": "majoring"}]
    yield "Auc", m.AUC, {}, ("logits",), [{"from_logits": True}]


def overlaps(m):
    averages = [{"average": kind} for kind in ("micro", "macro", "weighted")]
    yield "F1Score", m.F1Score, {}, ("onehot", "onehot_eight"), averages
    yield "F1Score", m.F1Score, {}, ("labels", "label_column"), [{"average": "macro", "threshold": 0.5}]
    yield "FBetaScore", lambda **kw: m.FBetaScore(beta=2.0, **kw), {}, ("onehot",), [{"": 2.0, **a} for a in averages]
    yield "FBetaScore", lambda **kw: m.FBetaScore(beta=0.5, **kw), {}, ("labels",), [
        {"": 0.5, "average": "weighted", "threshold": 0.25}]
    yield "IoU", lambda **kw: m.IoU(4, [0, 2], **kw), {}, ("ids",), [{"": "4,0:2"}, {"": "4,0:2", "ignore_class": 0}]
    yield "IoU", lambda **kw: m.IoU(3, [1], **kw), {}, ("id_column", "id_series"), [{"": "3,1"}]
    yield "MeanIoU", lambda **kw: m.MeanIoU(4, **kw), {}, ("ids",), [{"": 4}, {"": 4, "ignore_class": 1}]
    yield "MeanIoU", lambda **kw: m.MeanIoU(3, **kw), {}, ("id_column", "id_series"), [{"": 3}]
    yield "OneHotIoU", lambda **kw: m.OneHotIoU(4, [0, 3], **kw), {}, ("onehot", "onehot_logits", "onehot_series"), [
        {"": "4,0:3"}, {"": "4,0:3", "ignore_class": 1}]
    yield "OneHotMeanIoU", lambda **kw: m.OneHotMeanIoU(4, **kw), {}, ("onehot", "onehot_logits", "onehot_series"), [
        {"": 4}, {"": 4, "ignore_class": 1}]
    for threshold in 0.5, 0.25, 0.75:
        yield "BinaryIoU", lambda threshold=threshold, **kw: m.BinaryIoU([0, 1], threshold=threshold), {}, (
            "label_column", "labels"), [{"threshold": threshold}]


# Weights [batch] for elements of an example are refused by Keras' IoU, and its Sum takes them for those of means. So does
# its AUC of series.
UNWEIGHTED = {"IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "BinaryIoU", "Sum"}
JAVA = {"summation_method": "summation"}


def main():
    keras.config.set_floatx("float32")
    print("\n".join("# " + line for line in ABOUT.split("\n")))
    for name, make in data():
        DATA[name] = []
        for i, size in enumerate(SIZES):
            target, prediction = make(size)
            weight = uniform(0.25, 2, size)
            for key, value in (("t", target), ("p", prediction), ("w", weight)):
                emit(f"{name}.{key}{i}", value)
            # Top-k takes no float64.
            DATA[name].append(tuple(x if x.dtype.kind == "i" else x.astype(np.float32)
                                    for x in (target, prediction, weight)))
    m = keras.metrics
    for data_set in "column", "table", "series", "positive":
        case("Mean()", m.Mean, True, data_set)
        case("Sum()", m.Sum, True, data_set, False)
    for group in errors, losses, accuracies, overlaps:
        for part, metric, always, data_sets, all_settings in group(m):
            for data_set in data_sets:
                for settings in all_settings:
                    given = {k: v for k, v in settings.items() if k and k != "aggregation"}
                    java = {JAVA.get(k, k): v for k, v in settings.items()}
                    first = java.pop("", None)
                    name = java_name(part, java)
                    if first is not None:
                        name = name.replace("(", f"({first}" + ("," if java else ""), 1)
                    if part == "BinaryIoU":
                        given = {}
                    plain_only = (part in UNWEIGHTED or settings.get("axis") == 1
                                  or part == "Auc" and data_set.endswith("series"))
                    case(name, lambda: metric(**always, **given), False, data_set, not plain_only)


if __name__ == "__main__":
    main()
