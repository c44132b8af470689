"""Oracle for the metric rows: NumPy, in float64, from Keras 3's definitions.

    python3 metrics.py > metrics.txt

Each data set has three batches of different sizes with targets t0 t1 t2, predictions p0 p1 p2 and sample weights
w0 w1 w2. Each metric is evaluated over all of them at once, by a formula that knows nothing of batches:
NAME.plain without weights, NAME.weighted with them.
"""
import sys

import numpy as np

SIZES = (9, 8, 6)
EPS = 1e-7

FORMAT = """\
Made by metrics.py with numpy. Do not edit: run the script.
Format: one array a line, fields separated by one space: NAME SHAPE VALUE...
  SHAPE   sizes joined by 'x' (4x3; a vector is just 8), or 'scalar' for one value
  VALUE   row-major (last axis fastest), Python repr
Inputs are multiples of 1/256, so they are the same numbers in float32 and float64."""

rng = np.random.default_rng(12)


def emit(name, value):
    a = np.asarray(value)
    shape = "x".join(map(str, a.shape)) or "scalar"
    print(name, shape, *map(repr, a.ravel().tolist()))


def grid(x):
    return np.round(np.asarray(x) * 256) / 256


def uniform(low, high, *shape):
    return grid(rng.uniform(low, high, shape))


def one_hot(ids, classes):
    return np.eye(classes)[ids]


def rows(n, classes):
    """Positive rows of sum 1, on the grid."""
    raw = np.maximum(grid(rng.dirichlet(np.ones(classes), n)), 2 / 256)
    raw[:, 0] += 1 - raw.sum(1)
    return np.maximum(raw, 1 / 256)


def distinct(n, classes):
    """Rows of different scores, so that ranks do not depend on ties."""
    return np.array([rng.permutation(np.arange(classes * 8))[:classes] for _ in range(n)]) / 64 - 0.25



def guessed(p):
    """Class numbers that scores are often right about."""
    guess = rng.random(p.shape[:-1])
    return np.where(guess < 0.5, p.argmax(-1), rng.integers(0, p.shape[-1], p.shape[:-1]))


def blobs(*shape):
    """Labels, and probabilities that lean towards them."""
    t = rng.integers(0, 2, shape).astype(float)
    return t, grid(uniform(0, 1, *shape) * 0.75 + t * 0.25)


N = sum(SIZES)
DATA = {}
DATA["numbers"] = uniform(-2, 2, N, 3), uniform(-2, 2, N, 3)
DATA["positive"] = rng.integers(0, 5, (N, 3)).astype(float), uniform(0.1, 4, N, 3)
DATA["distributions"] = rows(N, 4), rows(N, 4)
scores = [distinct(N, 6), distinct(N, 6), distinct(2 * N, 6).reshape(N, 2, 6), rows(N, 4), rows(N, 4)]
DATA["classes"] = guessed(scores[0]), scores[0]
DATA["onehot"] = one_hot(guessed(scores[1]), 6), scores[1]
DATA["series"] = guessed(scores[2]), scores[2]
DATA["class_rows"] = guessed(scores[3]), scores[3]
DATA["onehot_rows"] = one_hot(guessed(scores[4]), 4), scores[4]
DATA["binary"] = blobs(N, 1)
DATA["binary"][1][:4, 0] = (0.5, 0.0, 1.0, 0.75)  # On thresholds, and at both ends.
DATA["labels"] = blobs(N, 3)
DATA["logits"] = DATA["labels"][0], uniform(-2, 2, N, 3)
DATA["signs"] = rng.integers(0, 2, (N, 3)) * 2.0 - 1, uniform(-2, 2, N, 3)
wanted = rng.integers(0, 4, (N, 5))
DATA["ids"] = wanted, np.where(rng.random((N, 5)) < 0.5, wanted, rng.integers(0, 4, (N, 5))).astype(float)
stray = DATA["ids"][0].copy(), DATA["ids"][1].copy()
stray[0][0, :2], stray[1][1, :2], stray[0][2, 0] = (7, -1), (4, -2), 2
DATA["stray_ids"] = stray
WEIGHT = {name: uniform(0.1, 2, N) for name in DATA}
for w in WEIGHT.values():
    w[1] = 0


# Means. Each function gives a value per example, or per part of it.
def bce(t, p):
    p = np.clip(p, EPS, 1 - EPS)
    return -(t * np.log(p) + (1 - t) * np.log(1 - p))


def cce(t, p):
    p = np.clip(p / p.sum(-1, keepdims=True), EPS, 1 - EPS)
    return -(t * np.log(p)).sum(-1)


def log_softmax(x):
    return x - x.max(-1, keepdims=True) - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True))


def pick(x, ids):
    return np.take_along_axis(x, ids[..., None], -1)[..., 0]


def in_top_k(ids, p, k):
    return (p > pick(p, ids)[..., None]).sum(-1) < k


def cosine(t, p, axis=-1):
    unit = lambda x: x / np.maximum(np.sqrt((x * x).sum(axis, keepdims=True)), EPS)
    return (unit(t) * unit(p)).sum(axis)


def pearson(t, p):
    z = lambda x: (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + EPS)
    return (z(t) * z(p)).mean(-1)


def concordance(t, p):
    tm, pm = t.mean(-1, keepdims=True), p.mean(-1, keepdims=True)
    norm = t.var(-1, keepdims=True) + p.var(-1, keepdims=True) + (tm - pm) ** 2
    return (2 * (t - pm) * (p - pm) / (norm + EPS)).mean(-1)


def hinge(t, p):
    t = 2 * t - 1 if np.isin(t, (0, 1)).all() else t
    return np.maximum(1 - t * p, 0)


def smooth(t, s, n):
    return t * (1 - s) + s / n


MEANS = {
    "mean": ("numbers", lambda t, p: p),
    "mean_squared_error": ("numbers", lambda t, p: (t - p) ** 2),
    "mean_absolute_error": ("numbers", lambda t, p: abs(t - p)),
    "mean_absolute_percentage_error": ("numbers", lambda t, p: 100 * abs((t - p) / np.maximum(abs(t), EPS))),
    "mean_squared_logarithmic_error": (
        "positive", lambda t, p: (np.log(np.maximum(p, EPS) + 1) - np.log(np.maximum(t, EPS) + 1)) ** 2),
    "logcosh": ("numbers", lambda t, p: np.log(np.cosh(p - t))),
    "poisson": ("positive", lambda t, p: p - t * np.log(p + EPS)),
    "kl_divergence": ("distributions", lambda t, p: (
        np.clip(t, EPS, 1) * np.log(np.clip(t, EPS, 1) / np.clip(p, EPS, 1))).sum(-1)),
    "hinge": ("signs", hinge),
    "hinge_binary": ("logits", hinge),
    "squared_hinge": ("signs", lambda t, p: hinge(t, p) ** 2),
    "categorical_hinge": ("onehot", lambda t, p: np.maximum(
        ((1 - t) * p).max(-1) - (t * p).sum(-1) + 1, 0)),
    "cosine_similarity": ("numbers", cosine),
    "cosine_similarity_axis": ("series_numbers", lambda t, p: cosine(t, p, 1)),
    "pearson_correlation": ("numbers", pearson),
    "concordance_correlation": ("numbers", concordance),
    "accuracy": ("ids", lambda t, p: t == p),
    "binary_accuracy": ("binary", lambda t, p: t == (p > 0.5)),
    "binary_accuracy_threshold": ("binary", lambda t, p: t == (p > 0.75)),
    "categorical_accuracy": ("onehot", lambda t, p: t.argmax(-1) == p.argmax(-1)),
    "sparse_categorical_accuracy": ("classes", lambda t, p: t == p.argmax(-1)),
    "sparse_categorical_accuracy_series": ("series", lambda t, p: t == p.argmax(-1)),
    "top_k_categorical_accuracy": ("onehot", lambda t, p: in_top_k(t.argmax(-1), p, 5)),
    "top_k_categorical_accuracy_2": ("onehot", lambda t, p: in_top_k(t.argmax(-1), p, 2)),
    "sparse_top_k_categorical_accuracy": ("classes", lambda t, p: in_top_k(t, p, 5)),
    "sparse_top_k_categorical_accuracy_series": ("series", lambda t, p: in_top_k(t, p, 2)),
    "binary_crossentropy": ("labels", bce),
    "binary_crossentropy_logits": ("logits", lambda t, p: bce(smooth(t, 0.125, 2), 1 / (1 + np.exp(-p)))),
    "categorical_crossentropy": ("onehot_rows", cce),
    "categorical_crossentropy_logits": ("onehot", lambda t, p: -(smooth(t, 0.125, 6) * log_softmax(p)).sum(-1)),
    "sparse_categorical_crossentropy": ("class_rows", lambda t, p: -pick(
        log_softmax(np.log(np.clip(p, EPS, 1 - EPS))), t)),
    "sparse_categorical_crossentropy_logits": ("series", lambda t, p: -pick(log_softmax(p), t)),
}
DATA["series_numbers"] = uniform(-1, 1, N, 3, 2), uniform(-1, 1, N, 3, 2)
WEIGHT["series_numbers"] = uniform(0.1, 2, N)


def spread(w, like):
    return np.broadcast_to(w.reshape(w.shape + (1,) * (like.ndim - w.ndim)), like.shape)


def weighted_mean(values, w):
    per_example = values.reshape(len(values), -1).mean(1)
    return (per_example * w).sum() / w.sum()


# Counts at thresholds, by comparing everything with everything.
def counts(t, p, w, thresholds):
    """TP, FP, TN, FN at each threshold."""
    t, p, w = t.ravel() != 0, p.ravel(), spread(w, p).ravel()
    out = []
    for threshold in thresholds:
        pos = p > threshold
        out.append([(w * (t & pos)).sum(), (w * (~t & pos)).sum(), (w * (~t & ~pos)).sum(), (w * (t & ~pos)).sum()])
    return np.array(out).T


def ratio(a, b):
    return np.divide(a, a + b, out=np.zeros_like(a), where=(a + b) != 0)


def precision(c):
    return ratio(c[0], c[1])


def recall(c):
    return ratio(c[0], c[3])


def specificity(c):
    return ratio(c[2], c[1])


def at(thresholds, value):
    def result(t, p, w):
        values = value(counts(t, p, w, thresholds))
        return values[0] if len(thresholds) == 1 else values
    return result


def top_k(k, value, thresholds=(-1e10,)):
    def result(t, p, w):
        kept = np.full_like(p, -1e10)
        best = np.argsort(-p, -1, kind="stable")[:, :k]
        np.put_along_axis(kept, best, np.take_along_axis(p, best, -1), -1)
        return value(counts(t, kept, w, thresholds))[0]
    return result


def of_class(i, metric):
    return lambda t, p, w: metric(t[..., i:i + 1], p[..., i:i + 1], w)


def best(wanted, constrained, least, n=200):
    def result(t, p, w):
        c = counts(t, p, w, [i / (n - 1) for i in range(n)])
        feasible = constrained(c) >= least
        return max(wanted(c)[feasible], default=0.0)
    return result


def auc(curve="ROC", summation="interpolation", thresholds=None, n=200):
    inner = [i / (n - 1) for i in range(1, n - 1)] if thresholds is None else list(thresholds)
    every = [-EPS] + inner + [1 + EPS]

    def result(t, p, w):
        c = counts(t, p, w, every)
        if curve == "PR" and summation == "interpolation":
            tp, p_all, total = c[0], c[0] + c[1], c[0][0] + c[3][0]
            area = 0.0
            for a, b in zip(range(len(every) - 1), range(1, len(every))):
                dtp, dp = tp[a] - tp[b], p_all[a] - p_all[b]
                slope = dtp / dp if dp > 0 else 0.0
                intercept = tp[b] - slope * p_all[b]
                log = np.log(p_all[a] / p_all[b]) if p_all[a] > 0 and p_all[b] > 0 else 0.0
                area += slope * (dtp + intercept * log) / total
            return area
        x, y = (1 - specificity(c), recall(c)) if curve == "ROC" else (recall(c), precision(c))
        height = {"interpolation": (y[:-1] + y[1:]) / 2, "minoring": np.minimum(y[:-1], y[1:]),
                  "majoring": np.maximum(y[:-1], y[1:])}[summation]
        return ((x[:-1] - x[1:]) * height).sum()
    return result


def by_label(metric, weights=(1.0, 1.0, 1.0)):
    return lambda t, p, w: np.average([metric(t[:, i], p[:, i], w) for i in range(t.shape[1])], weights=weights)


def f_score(beta=1.0, average="macro", threshold=None):
    def result(t, p, w):
        if threshold is None:
            chosen = (p >= p.max(-1, keepdims=True)) & (abs(p) > 1e-9)
        else:
            chosen = p > threshold
        w = w[:, None]
        axis = None if average == "micro" else 0
        tp = (w * chosen * t).sum(axis)
        fp = (w * chosen * (1 - t)).sum(axis)
        fn = (w * ~chosen * t).sum(axis)
        support = (w * t).sum(axis)
        prec, rec = tp / (tp + fp + EPS), tp / (tp + fn + EPS)
        score = prec * rec / (beta ** 2 * prec + rec + EPS) * (1 + beta ** 2)
        if average == "weighted":
            return (score * support / (support.sum() + EPS)).sum()
        return score if average in ("none", "micro") else score.mean()
    return result


def iou(classes, ids=None, ignore=None):
    ids = range(classes) if ids is None else ids

    def result(t, p, w):
        cm = np.zeros((classes, classes))
        for a, b, weight in zip(t.ravel().astype(int), p.ravel().astype(int), spread(w, t).ravel()):
            if 0 <= a < classes and 0 <= b < classes and a != ignore:
                cm[a, b] += weight
        hits = np.diag(cm)
        union = cm.sum(0) + cm.sum(1) - hits
        chosen = list(ids)
        return (hits / (union + EPS))[chosen].sum() / ((union[chosen] > 1e-9).sum() + EPS)
    return result


def arg(metric):
    return lambda t, p, w: metric(t.argmax(-1), p.argmax(-1), w)


def r2(aggregation="uniform", regressors=0):
    def result(t, p, w):
        n = t.size
        w = w[:, None]
        mean = (w * t).sum(0) / (w * np.ones_like(t)).sum(0)
        total = (w * (t - mean) ** 2).sum(0)
        raw = 1 - (w * (t - p) ** 2).sum(0) / total
        score = raw.mean() if aggregation == "uniform" else (raw * total).sum() / total.sum()
        score = raw if aggregation == "none" else score
        return 1 - (1 - score) * (n - 1) / (n - regressors - 1) if regressors else score
    return result


OTHERS = {
    "sum": ("numbers", lambda t, p, w: (spread(w, p) * p).sum()),
    "root_mean_squared_error": ("numbers", lambda t, p, w: np.sqrt(weighted_mean((t - p) ** 2, w))),
    "r2_score": ("numbers", r2()),
    "r2_score_columns": ("numbers", r2("none")),
    "r2_score_adjusted": ("numbers", r2("variance", 3)),
    "precision": ("binary", at([0.5], precision)),
    "recall": ("binary", at([0.5], recall)),
    "precision_thresholds": ("binary", at([0.25, 0.5, 0.8125], precision)),
    "recall_thresholds": ("binary", at([0.25, 0.5, 0.8125], recall)),
    "precision_top_k": ("labels", top_k(2, precision)),
    "recall_top_k": ("labels", top_k(2, recall)),
    "precision_top_k_threshold": ("labels", top_k(2, precision, (0.5,))),
    "recall_class": ("labels", of_class(1, at([0.5], recall))),
    "precision_at_recall": ("binary", best(precision, recall, 0.75)),
    "recall_at_precision": ("binary", best(recall, precision, 0.75)),
    "recall_at_precision_class": ("labels", of_class(2, best(recall, precision, 0.75, 5))),
    "sensitivity_at_specificity": ("binary", best(recall, specificity, 0.75)),
    "specificity_at_sensitivity": ("binary", best(specificity, recall, 0.75)),
    "f1_score": ("onehot", f_score()),
    "f1_score_none": ("labels", f_score(average="none", threshold=0.5)),
    "f1_score_micro": ("labels", f_score(average="micro", threshold=0.5)),
    "fbeta_score": ("onehot", f_score(2.0)),
    "fbeta_score_weighted": ("labels", f_score(0.5, "weighted")),
    "io_u": ("ids", iou(4, (0, 2))),
    "mean_io_u": ("ids", iou(4)),
    "mean_io_u_absent": ("ids", iou(9)),
    "mean_io_u_stray": ("stray_ids", iou(4, ignore=2)),
    "binary_io_u": ("binary", lambda t, p, w: iou(2)(t, p >= 0.5, w)),
    "binary_io_u_one": ("binary", lambda t, p, w: iou(2, (1,))(t, p >= 0.75, w)),
    "one_hot_io_u": ("onehot", arg(iou(6, (1, 4)))),
    "one_hot_mean_io_u": ("onehot", arg(iou(6))),
    "auc": ("binary", auc()),
    "auc_pr": ("binary", auc("PR")),
    "auc_pr_minoring": ("binary", auc("PR", "minoring")),
    "auc_pr_majoring": ("binary", auc("PR", "majoring")),
    "auc_roc_minoring": ("binary", auc("ROC", "minoring")),
    "auc_roc_majoring": ("binary", auc("ROC", "majoring")),
    "auc_thresholds": ("binary", auc(thresholds=(0.125, 0.5, 0.625))),
    "auc_few": ("binary", auc(n=3)),
    "auc_flat": ("labels", auc()),
    "auc_labels": ("labels", by_label(auc())),
    "auc_labels_pr": ("labels", by_label(auc("PR"), (1.0, 2.0, 0.5))),
    "auc_label_weights": ("labels", lambda t, p, w: auc()(
        t.ravel(), p.ravel(), (w[:, None] * [1.0, 2.0, 0.5]).ravel())),
    "auc_logits": ("logits", lambda t, p, w: auc()(t, 1 / (1 + np.exp(-p)), w)),
}
for i, name in enumerate(("true_positives", "false_positives", "true_negatives", "false_negatives")):
    OTHERS[name] = ("binary", at([0.5], lambda c, i=i: c[i]))
    OTHERS[name + "_thresholds"] = ("labels", at([0.25, 0.75], lambda c, i=i: c[i]))

for line in FORMAT.splitlines():
    print("#", line)
for name, (t, p) in DATA.items():
    start = 0
    for i, size in enumerate(SIZES):
        for letter, values in (("t", t), ("p", p), ("w", WEIGHT[name])):
            emit(f"{name}.{letter}{i}", values[start:start + size])
        start += size
for name, (data, values) in MEANS.items():
    t, p = DATA[data]
    per_part = np.asarray(values(t, p), float)
    emit(name + ".plain", weighted_mean(per_part, np.ones(N)))
    emit(name + ".weighted", weighted_mean(per_part, WEIGHT[data]))
for name, (data, metric) in OTHERS.items():
    t, p = DATA[data]
    emit(name + ".plain", metric(t, p, np.ones(N)))
    emit(name + ".weighted", metric(t, p, WEIGHT[data]))


def cross_check():
    """Some of the above against scikit-learn, if it is there: python3 metrics.py check."""
    import sklearn.metrics as sk
    t, p = DATA["labels"]
    w = WEIGHT["labels"]
    many = auc(thresholds=sorted(set(p.ravel())))
    print(many(t, p, w), sk.roc_auc_score(t.ravel(), p.ravel(), sample_weight=spread(w, p).ravel()), file=sys.stderr)
    print(f_score(2.0, "macro", 0.5)(t, p, w),
          sk.fbeta_score(t, p > 0.5, beta=2, average="macro", sample_weight=w), file=sys.stderr)
    t, p = DATA["numbers"]
    print(r2()(t, p, WEIGHT["numbers"]), sk.r2_score(t, p, sample_weight=WEIGHT["numbers"]), file=sys.stderr)
    t, p = DATA["ids"]
    print(iou(4)(t, p, np.ones(N)), sk.jaccard_score(t.ravel(), p.ravel(), average="macro"), file=sys.stderr)


if "check" in sys.argv:
    cross_check()
