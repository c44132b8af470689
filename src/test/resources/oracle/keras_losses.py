"""Real Keras' own figures for the losses: values and gradients, with and without weights, in float64.

    KERAS_BACKEND=tensorflow python3 keras_losses.py > keras_losses.txt

Each case is named DATA/PART(SETTINGS): the part and its settings are written as in Java, so that the test makes it from its
name alone.
"""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

ABOUT = f"""\
Made by keras_losses.py with Keras {keras.__version__} on TensorFlow {tf.__version__}. Do not edit: run the script.
Format: one array a line, fields separated by one space: NAME SHAPE VALUE...
  DATA.target, DATA.prediction, DATA.weight  inputs, multiples of 1/256
  DATA/PART(SETTINGS).losses                 without and with the weights
  DATA/PART(SETTINGS).gradient               of the first with respect to the predictions
  DATA/PART(SETTINGS).gradient_weighted      of the second"""

rng = np.random.RandomState(15)


def emit(name, value):
    a = np.asarray(value)
    shape = "x".join(map(str, a.shape)) or "scalar"
    print(name, shape, *map(repr, a.ravel().tolist()))


def grid(x):
    return np.round(np.asarray(x) * 256) / 256


def uniform(low, high, *shape):
    return grid(rng.uniform(low, high, shape))


def one_hot(classes, *shape):
    return np.eye(classes)[rng.randint(0, classes, shape)]


def rows(*shape):
    """Positive, on the grid, of about the sum 1."""
    return np.maximum(grid(rng.dirichlet(np.ones(shape[-1]), shape[:-1])), 2 / 256)


def bits(*shape):
    return rng.randint(0, 2, shape).astype(float)


def unit(*shape):
    x = rng.normal(size=shape)
    return grid(x / np.sqrt((x ** 2).sum(-1, keepdims=True)))


DATA = {
    "column": (uniform(-2, 2, 6, 1), uniform(-2, 2, 6, 1)),
    "table": (uniform(-2, 2, 4, 3), uniform(-2, 2, 4, 3)),
    "series": (uniform(-2, 2, 2, 3, 4), uniform(-2, 2, 2, 3, 4)),
    "positive": (uniform(0.1, 3, 4, 3), uniform(0.1, 3, 4, 3)),
    "positive_column": (uniform(0.1, 3, 6, 1), uniform(0.1, 3, 6, 1)),
    "positive_series": (uniform(0.1, 3, 2, 3, 4), uniform(0.1, 3, 2, 3, 4)),
    "signs": (2 * bits(4, 3) - 1, uniform(-2, 2, 4, 3)),
    "labels": (bits(4, 3), uniform(0.05, 0.95, 4, 3)),
    "label_column": (bits(6, 1), uniform(0.05, 0.95, 6, 1)),
    "label_images": (bits(2, 3, 2, 2), uniform(0.05, 0.95, 2, 3, 2, 2)),
    "soft_labels": (uniform(0, 1, 4, 3), uniform(0.05, 0.95, 4, 3)),
    "logits": (bits(4, 3), uniform(-4, 4, 4, 3)),
    "logit_column": (bits(6, 1), uniform(-4, 4, 6, 1)),
    "logit_images": (bits(2, 3, 2, 2), uniform(-4, 4, 2, 3, 2, 2)),
    "onehot": (one_hot(4, 5), rows(5, 4)),
    "onehot_series": (one_hot(4, 2, 3), rows(2, 3, 4)),
    "distributions": (rows(5, 4), rows(5, 4)),
    "onehot_logits": (one_hot(4, 5), uniform(-3, 3, 5, 4)),
    "onehot_logit_series": (one_hot(4, 2, 3), uniform(-3, 3, 2, 3, 4)),
    "classes": (rng.randint(0, 4, 5), rows(5, 4)),
    "class_column": (rng.randint(0, 4, (5, 1)), rows(5, 4)),
    "class_series": (rng.randint(0, 4, (2, 3)), rows(2, 3, 4)),
    "class_logits": (rng.randint(0, 4, 5), uniform(-3, 3, 5, 4)),
    "class_logit_series": (rng.randint(0, 4, (2, 3)), uniform(-3, 3, 2, 3, 4)),
    "embeddings": (np.array([0, 1, 0, 2, 1, 2]), unit(6, 3)),
    "sequences": (np.array([[1, 2, 2], [3, 0, 0], [2, 1, 0]]), uniform(-2, 2, 3, 6, 4)),
    "silences": (np.array([[1, 2], [0, 0], [3, 3]]), uniform(-2, 2, 3, 4, 4)),
    "short_sequences": (np.array([[1], [2]]), uniform(-2, 2, 2, 2, 3)),
}


def case(data, java, loss, values_rank):
    target, prediction = DATA[data]
    p = tf.constant(prediction)
    weight = WEIGHTS[data, values_rank]
    losses, gradients = [], []
    for w in (None,) if weight is None else (None, weight):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(target, p, sample_weight=w)
        losses.append(value.numpy())
        gradients.append(tape.gradient(value, p).numpy())
    name = f"{data}/{java}"
    emit(name + ".losses", losses)
    emit(name + ".gradient", gradients[0])
    if len(gradients) > 1:
        emit(name + ".gradient_weighted", gradients[1])


def java_name(part, settings):
    def text(value):
        if isinstance(value, bool):
            return str(value).lower()
        return ":".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)

    def camel(name):
        head, *rest = name.split("_")
        return head + "".join(word.capitalize() for word in rest)

    return f"{part}({','.join(camel(k) + '=' + text(v) for k, v in settings.items())})"


def table():
    """Java part, Keras class, what goes with it always, data sets, settings."""
    k = keras.losses
    plain = [{}, {"reduction": "sum"}]
    for part, loss in (("MeanSquaredError", k.MeanSquaredError), ("MeanAbsoluteError", k.MeanAbsoluteError),
                       ("LogCosh", k.LogCosh)):
        yield part, loss, {}, ("column", "table", "series"), plain
    yield "MeanAbsolutePercentageError", k.MeanAbsolutePercentageError, {}, ("table", "positive", "series"), plain
    for part, loss in (("MeanSquaredLogarithmicError", k.MeanSquaredLogarithmicError), ("Poisson", k.Poisson)):
        yield part, loss, {}, ("positive_column", "positive", "positive_series"), plain
    yield "Huber", k.Huber, {}, ("table", "series"), [{}, {"delta": 0.25}, {"delta": 3.0, "reduction": "sum"}]
    yield "CosineSimilarity", k.CosineSimilarity, {}, ("table", "series"), [{}, {"reduction": "sum"}]
    yield "CosineSimilarity", k.CosineSimilarity, {}, ("series",), [{"axis": 1}]
    for part, loss in (("Hinge", k.Hinge), ("SquaredHinge", k.SquaredHinge)):
        yield part, loss, {}, ("signs", "logits", "logit_column"), plain
    yield "CategoricalHinge", k.CategoricalHinge, {}, ("onehot", "onehot_logits", "onehot_logit_series"), plain
    yield "KlDivergence", k.KLDivergence, {}, ("distributions", "onehot", "onehot_series"), plain
    smooth = [{}, {"label_smoothing": 0.125}, {"reduction": "sum"}]
    yield "BinaryCrossentropy.fromProbabilities", k.BinaryCrossentropy, {}, (
        "labels", "label_column", "label_images", "soft_labels"), smooth
    yield "BinaryCrossentropy.fromLogits", k.BinaryCrossentropy, {"from_logits": True}, (
        "logits", "logit_column", "logit_images"), smooth
    focal = [{}, {"gamma": 1.5, "label_smoothing": 0.125}, {"apply_class_balancing": True, "alpha": 0.75}]
    yield "BinaryFocalCrossentropy.fromProbabilities", k.BinaryFocalCrossentropy, {}, (
        "labels", "label_column", "label_images"), focal
    yield "BinaryFocalCrossentropy.fromLogits", k.BinaryFocalCrossentropy, {"from_logits": True}, (
        "logits", "logit_column", "logit_images"), focal
    yield "CategoricalCrossentropy.fromProbabilities", k.CategoricalCrossentropy, {}, (
        "onehot", "onehot_series", "distributions"), smooth
    yield "CategoricalCrossentropy.fromLogits", k.CategoricalCrossentropy, {"from_logits": True}, (
        "onehot_logits", "onehot_logit_series"), smooth
    focal = [{}, {"gamma": 1.5, "label_smoothing": 0.125}, {"alpha": [0.25, 0.5, 1.0, 0.125]}]
    yield "CategoricalFocalCrossentropy.fromProbabilities", k.CategoricalFocalCrossentropy, {}, (
        "onehot", "onehot_series"), focal
    yield "CategoricalFocalCrossentropy.fromLogits", k.CategoricalFocalCrossentropy, {"from_logits": True}, (
        "onehot_logits", "onehot_logit_series"), focal
    ignore = [{}, {"ignore_class": 2}, {"reduction": "sum"}]
    yield "SparseCategoricalCrossentropy.fromProbabilities", k.SparseCategoricalCrossentropy, {}, (
        "classes", "class_series"), ignore
    yield "SparseCategoricalCrossentropy.fromLogits", k.SparseCategoricalCrossentropy, {"from_logits": True}, (
        "class_logits", "class_logit_series"), ignore
    # Class numbers in a column would be spread over the batch in Keras.
    yield "CategoricalGeneralizedCrossEntropy", k.CategoricalGeneralizedCrossEntropy, {}, (
        "classes", "class_series"), [{}, {"q": 0.125}]
    yield "Dice", k.Dice, {}, ("label_images", "labels"), [{}]
    yield "Dice", k.Dice, {}, ("label_images",), [{"axis": (1, 2, 3)}, {"axis": (1, 2)}]
    yield "Tversky", k.Tversky, {}, ("label_images", "labels"), [{}, {"alpha": 0.75, "beta": 0.25}]
    yield "Tversky", k.Tversky, {}, ("label_images",), [{"axis": (1, 2, 3)}]
    yield "Circle", k.Circle, {}, ("embeddings",), [{}, {"gamma": 4.0, "margin": 0.25}, {"remove_diagonal": False}]
    yield "Ctc", k.CTC, {}, ("sequences", "silences", "short_sequences"), plain


WEIGHTS = {}


def rank_of_values(part, data, settings):
    if part in ("Circle", "Ctc"):
        return 1
    if part in ("Dice", "Tversky"):
        return DATA[data][1].ndim - len(settings["axis"]) if "axis" in settings else 0
    return DATA[data][1].ndim - 1


def main():
    keras.config.set_floatx("float64")
    print("\n".join("# " + line for line in ABOUT.split("\n")))
    for data, (target, prediction) in DATA.items():
        emit(data + ".target", target)
        emit(data + ".prediction", prediction)
        for rank in range(1, prediction.ndim):
            WEIGHTS[data, rank] = uniform(0.25, 2, *prediction.shape[:rank])
            emit(f"{data}.weight{rank}", WEIGHTS[data, rank])
        WEIGHTS[data, 0] = None
    for part, loss, always, data_sets, all_settings in table():
        for data in data_sets:
            for settings in all_settings:
                rank = rank_of_values(part, data, settings)
                if part in ("Dice", "Tversky") and rank == 2 or settings.get("axis") == 1:
                    rank = 0  # Weights of values along other axes than the first are a case of their own.
                case(data, java_name(part, settings), loss(**always, **settings), rank)


if __name__ == "__main__":
    main()
