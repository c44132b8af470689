"""Oracle for the tests of fit: histories of Keras' own fit, and the weights at the end.

    python3 fit.py > fit.txt

Needs keras 3.15 with tensorflow. Data comes in its order (shuffle=False), initial weights are given, all is float32.
"""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import tensorflow as tf
from keras import callbacks, layers, losses, metrics, optimizers, regularizers

FORMAT = """\
Format: one array a line, fields separated by one space: NAME SHAPE VALUE...
  SHAPE   sizes joined by 'x' (4x3; a vector is just 8), or 'scalar' for one value
  VALUE   row-major (last axis fastest), Python repr
  NAME    unique in the file, no spaces; lines starting with '#' and empty lines are to be skipped
data.* and init.* are multiples of 1/256. CASE.NAME is the curve of NAME in the history of a case, one value an epoch
(fewer where it was not measured each epoch); CASE.weights.N the weight number N of the model at the end."""


def header():
    text = (f"Made by fit.py, keras {keras.__version__}, tensorflow {tf.__version__}, numpy {np.__version__}."
            f" Do not edit: run the script.\n{FORMAT}")
    print("\n".join(("# " + line).rstrip() for line in text.splitlines()))


def emit(name, value):
    a = np.asarray(value)
    shape = "x".join(map(str, a.shape)) or "scalar"
    print(name, shape, *map(repr, a.ravel().tolist()))


RNG = np.random.default_rng(7)


def draw(*shape):
    """Uniform in [-1, 1], on the 1/256 grid."""
    return np.round(RNG.uniform(-1, 1, shape) * 256) / 256


DATA = {
    "x": draw(12, 4), "labels": RNG.integers(0, 3, 12), "binary": RNG.integers(0, 2, (12, 1)),
    "targets": draw(12, 3), "weights": np.abs(draw(12)) + 0.25,
    "val.x": draw(6, 4), "val.labels": RNG.integers(0, 3, 6), "val.binary": RNG.integers(0, 2, (6, 1)),
    "val.targets": draw(6, 3), "val.weights": np.abs(draw(6)) + 0.25,
    "ids": np.array([[1, 2, 3, 0], [4, 5, 0, 0], [2, 2, 2, 2], [5, 0, 0, 0], [3, 1, 4, 1], [1, 0, 0, 0],
                     [2, 5, 3, 0], [4, 4, 0, 0], [1, 3, 5, 2], [3, 0, 0, 0], [5, 5, 1, 0], [2, 4, 0, 0]]),
    "steps": draw(12, 4, 2),
}
INIT = {"hidden.kernel": draw(4, 5), "hidden.bias": draw(5), "out.kernel": draw(5, 3), "out.bias": draw(3),
        "one.kernel": draw(5, 1), "one.bias": draw(1), "emb": draw(6, 4), "step.kernel": draw(4, 2), "step.bias": draw(2)}


def d(name):
    a = DATA[name]
    return a.astype("int32") if a.dtype.kind == "i" and name != "binary" and name != "val.binary" else a.astype("float32")


def const(name):
    return keras.initializers.Constant(INIT[name].astype("float32"))


def dense(weights, activation=None, **more):
    return layers.Dense(INIT[weights + ".bias"].shape[0], activation=activation, kernel_initializer=const(weights + ".kernel"),
                        bias_initializer=const(weights + ".bias"), **more)


def mlp(out="out", last=None, **more):
    return keras.Sequential([keras.Input((4,)), dense("hidden", "tanh", **more), dense(out, last)])


def case(name, model, history, learning_rate=False):
    for key, values in history.history.items():
        if key != "learning_rate" or learning_rate:
            emit(f"{name}.{key}", values)
    for number, weight in enumerate(model.weights):
        emit(f"{name}.weights.{number}", weight.numpy())


SCCE = losses.SparseCategoricalCrossentropy(from_logits=True)
VAL = (d("val.x"), d("val.labels"))


def run(name, model, x, y, compile, **fit):
    model.compile(jit_compile=False, **compile)
    fit.setdefault("epochs", 4)
    fit.setdefault("batch_size", 4)
    case(name, model, model.fit(x, y, shuffle=False, verbose=0, **fit), learning_rate="callbacks" in fit)


def classes(optimizer):
    return dict(optimizer=optimizer, loss=SCCE, metrics=["accuracy"])


def cases():
    adam = lambda: optimizers.Adam(0.01)
    x, labels = d("x"), d("labels")
    run("plain", mlp(), x, labels, classes(adam()), validation_data=VAL)
    run("short_batch", mlp(), x, labels, classes(adam()), validation_data=VAL, batch_size=5)
    run("class_weights", mlp(), x, labels, classes(adam()), validation_data=VAL, class_weight={0: 1, 1: 3, 2: 0.25})
    run("class_weights_binary", mlp("one"), x, d("binary"),
        dict(optimizer=optimizers.SGD(0.1, momentum=0.9), loss=losses.BinaryCrossentropy(from_logits=True)),
        validation_data=(d("val.x"), d("val.binary")), class_weight={0: 0.5, 1: 2})
    run("sample_weights", mlp(), x, d("targets"),
        dict(optimizer=adam(), loss="mse", metrics=["mae"], weighted_metrics=[metrics.MeanAbsoluteError(name="weighted_mae")]),
        sample_weight=d("weights"), validation_data=(d("val.x"), d("val.targets"), d("val.weights")), batch_size=5)
    run("validation_split", mlp(), x, labels, classes(adam()), validation_split=0.25, batch_size=3)
    run("validation_frequency", mlp(), x, labels, classes(adam()), validation_data=VAL, validation_freq=2)
    run("accumulation", mlp(), x, labels, classes(optimizers.Adam(0.01, gradient_accumulation_steps=4)),
        validation_data=VAL, batch_size=2)
    run("schedule", mlp(), x, labels,
        classes(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.5, 4, 0.5))), validation_data=VAL)
    run("accumulation_schedule", mlp(), x, labels,
        classes(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.5, 4, 0.5), gradient_accumulation_steps=4)),
        batch_size=2)
    run("penalties", mlp(kernel_regularizer=regularizers.L2(0.01), activity_regularizer=regularizers.L1(0.01)), x, labels,
        classes(adam()), validation_data=VAL)
    run("plateau", mlp(), x, labels, classes(optimizers.SGD(2.0)), validation_data=VAL, epochs=8,
        callbacks=[callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=0.02)])
    run("early_stopping", mlp(), x, labels, classes(optimizers.SGD(1.0)), validation_data=VAL, epochs=12,
        callbacks=[callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)])
    run("clipping", mlp(), x, labels, classes(optimizers.SGD(0.5, global_clipnorm=0.1)), validation_data=VAL)
    masked = keras.Sequential([keras.Input((4,), dtype="int32"),
                               layers.Embedding(6, 4, mask_zero=True, embeddings_initializer=const("emb")), dense("step")])
    run("masked_steps", masked, d("ids"), d("steps"), dict(optimizer=optimizers.SGD(0.5), loss="mse", metrics=["mae"]))
    normalized = keras.Sequential([keras.Input((4,)), dense("hidden", "tanh"), layers.BatchNormalization(), dense("out")])
    run("normalization", normalized, x, labels, classes(optimizers.SGD(0.1)), validation_data=VAL)

    inputs = keras.Input((4,))
    hidden = dense("hidden", "tanh")(inputs)
    two = keras.Model(inputs, {"kind": dense("out", name="kind")(hidden), "yes": dense("one", name="yes")(hidden)})
    run("two_outputs", two, x, {"kind": labels, "yes": d("binary")},
        dict(optimizer=adam(), loss={"kind": SCCE, "yes": losses.BinaryCrossentropy(from_logits=True)},
             loss_weights={"kind": 1.0, "yes": 0.5}, metrics={"kind": ["accuracy"]}),
        validation_data=(d("val.x"), {"kind": d("val.labels"), "yes": d("val.binary")}), validation_batch_size=3)


header()
for key, value in DATA.items():
    emit("data." + key, value)
for key, value in INIT.items():
    emit("init." + key, value)
cases()
