"""Oracle for optimizers, what goes with them, and schedules by Keras itself: 30-step trajectories.

    python3 keras_optimizers.py > keras_optimizers.txt

Keras computes in float64 here, but for its own constants, which are float32: so the settings of most cases are multiples of
powers of two, which are the same numbers in both. The problem is that of optimizers.py.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from keras import optimizers as O
from keras.optimizers import schedules as S

keras.config.set_floatx("float64")

STEPS = 30
ABOUT = f"""\
Format: one array a line, fields separated by one space: NAME SHAPE VALUE...
  SHAPE   sizes joined by 'x' (4x3; a vector is just 8), or 'scalar' for one value
  VALUE   row-major (last axis fastest), Python repr
w is a matrix, b a vector; their gradients are sin(3 w) + 0.3 w + b and cos(2 b) + (sum of the rows of w).
  start.w, start.b            where each run begins
  CASE.w, CASE.b              after {STEPS} steps; what each case is stands in the script. CASE.default_ is of Keras' defaults
  CASE.average.w, .b          the moving averages
  CASE.scale                  the loss scale
  schedule.steps, schedule.CASE   where the schedules are evaluated, and the rates there, float32 in Keras"""


def emit(name, value):
    a = np.asarray(value)
    print(name, "x".join(map(str, a.shape)) or "scalar", *map(repr, a.ravel().tolist()))


def start():
    rng = np.random.RandomState(5)
    w, b = np.round(rng.uniform(-1, 1, (4, 3)) * 256) / 256, np.round(rng.uniform(-1, 1, 3) * 256) / 256
    return (keras.Variable(w, dtype="float64", name="w"), keras.Variable(b, dtype="float64", name="b"))


def gradients(w, b):
    w, b = w.value, b.value
    return [tf.sin(3 * w) + 0.3 * w + b, tf.cos(2 * b) + tf.reduce_sum(w, 0)]


def halving():
    return S.ExponentialDecay(0.125, 8, 0.5, staircase=True)


def asked_by(method):
    """Whether the caller's caller has a name."""
    return sys._getframe(2).f_code.co_name == method


class ScheduleFree(O.ScheduleFreeAdamW):
    """Keras' own but for a mistake: what it keeps as the momentum from before is, in TensorFlow, the variable itself, so
    that the new momentum counts as the old one. Here it is the value."""

    def update_step(self, gradient, variable, learning_rate):
        type_of = type(self._momentums[0])
        itself = type_of.value
        type_of.value = property(lambda v: tf.identity(itself.fget(v)) if asked_by("update_step") else itself.fget(v))
        try:
            super().update_step(gradient, variable, learning_rate)
        finally:
            type_of.value = itself


def by_name(default, **others):
    return O.MultiOptimizer(O.OptimizerMap(default, others))


MOMENTS = dict(beta_1=0.5, beta_2=0.75, epsilon=2.0 ** -6)
SLOW = dict(beta_1=0.75, beta_2=0.96875, epsilon=2.0 ** -20)


def adaptive(name, make):
    """Three configurations of what Adam's settings have."""
    return {
        f"{name}.default": lambda: make(),
        f"{name}.fast": lambda: make(learning_rate=0.0625, **MOMENTS),
        f"{name}.scheduled": lambda: make(learning_rate=halving(), **SLOW),
    }


CASES = {
    "sgd.default": lambda: O.SGD(),
    "sgd.momentum": lambda: O.SGD(0.03125, momentum=0.75),
    "sgd.nesterov": lambda: O.SGD(halving(), momentum=0.875, nesterov=True),
    "rmsprop.default": lambda: O.RMSprop(),
    "rmsprop.momentum": lambda: O.RMSprop(0.015625, rho=0.75, momentum=0.5, epsilon=2.0 ** -10),
    "rmsprop.centered": lambda: O.RMSprop(0.015625, rho=0.875, epsilon=2.0 ** -6, centered=True),
    "rmsprop.centered_momentum": lambda: O.RMSprop(halving(), rho=0.5, momentum=0.5, epsilon=0.25, centered=True),
    **adaptive("adam", O.Adam),
    "adam.amsgrad": lambda: O.Adam(0.0625, amsgrad=True, **MOMENTS),
    **adaptive("adamw", O.AdamW),
    "adamw.decay": lambda: O.AdamW(0.0625, weight_decay=0.25, amsgrad=True, **MOMENTS),
    **adaptive("adamax", O.Adamax),
    **adaptive("nadam", O.Nadam),
    **adaptive("lamb", O.Lamb),
    "adadelta.default": lambda: O.Adadelta(),
    "adadelta.paper": lambda: O.Adadelta(1.0, rho=0.75, epsilon=2.0 ** -10),
    "adadelta.scheduled": lambda: O.Adadelta(halving(), rho=0.5, epsilon=2.0 ** -6),
    "adagrad.default": lambda: O.Adagrad(),
    "adagrad.other": lambda: O.Adagrad(0.125, initial_accumulator_value=0.5, epsilon=0.125),
    "adagrad.scheduled": lambda: O.Adagrad(halving(), initial_accumulator_value=0.0, epsilon=2.0 ** -10),
    "ftrl.default": lambda: O.Ftrl(),
    "ftrl.sparse": lambda: O.Ftrl(0.125, initial_accumulator_value=0.25, l1_regularization_strength=0.0625),
    "ftrl.regularized": lambda: O.Ftrl(
        0.125, learning_rate_power=-0.75, initial_accumulator_value=0.25, l1_regularization_strength=0.0625,
        l2_regularization_strength=0.03125, l2_shrinkage_regularization_strength=0.03125, beta=0.125),
    "lion.default": lambda: O.Lion(),
    "lion.fast": lambda: O.Lion(0.015625, beta_1=0.5, beta_2=0.75),
    "lion.scheduled": lambda: O.Lion(halving(), beta_1=0.75, beta_2=0.875, weight_decay=0.125),
    "adafactor.default": lambda: O.Adafactor(),
    "adafactor.fast": lambda: O.Adafactor(0.5, epsilon_2=0.25),
    "adafactor.scheduled": lambda: O.Adafactor(
        halving(), beta_2_decay=-0.5, epsilon_1=2.0 ** -6, epsilon_2=0.75, clip_threshold=0.5),
    "muon.default": lambda: O.Muon(),
    "muon.plain": lambda: O.Muon(
        0.0625, adam_beta_1=0.5, adam_beta_2=0.75, adam_weight_decay=0.125, epsilon=2.0 ** -6, weight_decay=0.125,
        adam_lr_ratio=0.5, momentum=0.75, ns_steps=3, nesterov=False, rms_rate=0.5, muon_a=3.4445),
    "muon.excluded": lambda: O.Muon(
        0.03125, exclude_layers=["w"], adam_beta_1=0.5, adam_beta_2=0.75, epsilon=2.0 ** -6, adam_weight_decay=0.25,
        weight_decay=0.25),
    "schedule_free_adamw.default": lambda: ScheduleFree(),
    "schedule_free_adamw.warmup": lambda: ScheduleFree(
        0.0625, beta_1=0.75, beta_2=0.875, epsilon=2.0 ** -6, warmup_steps=8),
    "schedule_free_adamw.scheduled": lambda: ScheduleFree(halving(), weight_decay=0.125, **MOMENTS),
    "by_variable.adam": lambda: by_name(O.SGD(0.0625), w=O.Adam(0.03125, **MOMENTS)),
    "by_variable.decay": lambda: by_name(
        O.AdamW(0.0625, weight_decay=0.125, **MOMENTS), w=O.SGD(halving(), momentum=0.75)),
    "by_variable.three": lambda: by_name(O.SGD(0.5), w=O.Lion(0.015625, beta_1=0.5, beta_2=0.75),
                                         b=O.RMSprop(halving(), rho=0.75, epsilon=2.0 ** -6)),
    "clip.norm": lambda: O.SGD(0.0625, clipnorm=1.5),
    "clip.value": lambda: O.SGD(0.0625, clipvalue=0.5),
    "clip.global_norm": lambda: O.SGD(0.0625, global_clipnorm=2.0),
    "clip.norm_adam": lambda: O.Adam(0.0625, clipnorm=0.25, **MOMENTS),
    "clip.value_momentum": lambda: O.SGD(0.0625, momentum=0.5, clipvalue=0.25),
    "clip.global_norm_adam": lambda: O.Adam(0.0625, global_clipnorm=0.5, **MOMENTS),
    "clip.norm_loose": lambda: O.SGD(0.0625, clipnorm=64.0),
    "clip.value_loose": lambda: O.SGD(0.0625, clipvalue=64.0),
    "clip.global_norm_loose": lambda: O.SGD(0.0625, global_clipnorm=64.0),
    "ema.plain": lambda: O.SGD(0.0625, use_ema=True, ema_momentum=0.75),
    "ema.adam": lambda: O.Adam(0.0625, use_ema=True, ema_momentum=0.96875, **MOMENTS),
    "ema.overwrite": lambda: O.SGD(0.0625, use_ema=True, ema_momentum=0.875, ema_overwrite_frequency=4),
    "accumulate.sgd": lambda: O.SGD(0.0625, gradient_accumulation_steps=2),
    "accumulate.adam": lambda: O.Adam(0.0625, gradient_accumulation_steps=3, **MOMENTS),
    "accumulate.scheduled": lambda: O.Adam(halving(), gradient_accumulation_steps=5, clipnorm=0.75, **SLOW),
    "decay.momentum": lambda: O.SGD(0.03125, momentum=0.75, weight_decay=0.5),
    "decay.adam": lambda: O.Adam(0.0625, weight_decay=0.25, **MOMENTS),
    "decay.scheduled": lambda: O.RMSprop(halving(), rho=0.75, epsilon=2.0 ** -6, weight_decay=0.125),
    "all.clip_decay_ema": lambda: O.Adam(
        halving(), global_clipnorm=1.0, weight_decay=0.125, use_ema=True, ema_momentum=0.75,
        ema_overwrite_frequency=3, **MOMENTS),
}

# Scales that are powers of two divide out of every digit; every growth-th finite step doubles.
SCALES = {
    "scale.doubling": (lambda: O.SGD(0.0625), dict(initial_scale=1024.0, dynamic_growth_steps=2)),
    "scale.steady": (lambda: O.Adam(0.0625, **MOMENTS), dict(initial_scale=32768.0, dynamic_growth_steps=2000)),
    "scale.skipping": (lambda: O.SGD(0.0625, momentum=0.75), dict(initial_scale=64.0, dynamic_growth_steps=4)),
}
BAD = {"scale.skipping": (3, 4, 11, 25)}

AT = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 14, 15, 16, 19, 20, 21, 25, 29, 30, 31, 35, 40, 69, 70, 71, 100, 149, 150, 151, 310,
      1000]
SCHEDULES = {
    "exponential": S.ExponentialDecay(0.125, 16, 0.5),
    "exponential_slow": S.ExponentialDecay(1.0, 100, 0.875),
    "exponential_rising": S.ExponentialDecay(0.001, 64, 1.25),
    "staircase": S.ExponentialDecay(0.125, 10, 0.5, staircase=True),
    "staircase_slow": S.ExponentialDecay(1.0, 64, 0.875, staircase=True),
    "staircase_short": S.ExponentialDecay(0.1, 3, 0.9, staircase=True),
    "piecewise": S.PiecewiseConstantDecay([5, 20, 70], [0.125, 0.0625, 0.25, 0.015625]),
    "piecewise_two": S.PiecewiseConstantDecay([10], [1.0, 0.1]),
    "piecewise_from_start": S.PiecewiseConstantDecay([0, 1, 2], [0.1, 0.2, 0.3, 0.4]),
    "polynomial": S.PolynomialDecay(0.125, 30),
    "polynomial_power": S.PolynomialDecay(0.125, 70, 0.03125, 0.5),
    "polynomial_cycle": S.PolynomialDecay(0.125, 10, 0.015625, 2.0, True),
    "polynomial_rising": S.PolynomialDecay(0.01, 100, 0.1, 3.0),
    "inverse_time": S.InverseTimeDecay(0.125, 10, 0.5),
    "inverse_time_staircase": S.InverseTimeDecay(0.125, 10, 0.5, True),
    "inverse_time_fast": S.InverseTimeDecay(1.0, 1, 2.0),
    "cosine": S.CosineDecay(0.125, 100),
    "cosine_alpha": S.CosineDecay(0.125, 70, 0.25),
    "cosine_warmup": S.CosineDecay(0.015625, 100, 0.125, warmup_target=0.25, warmup_steps=15),
    "cosine_warmup_long": S.CosineDecay(0.0, 30, 0.0, warmup_target=1.0, warmup_steps=70),
    "cosine_warmup_short": S.CosineDecay(0.5, 150, 0.5, warmup_target=1.0, warmup_steps=1),
    "restarts": S.CosineDecayRestarts(0.125, 10),
    "restarts_equal": S.CosineDecayRestarts(0.125, 10, 1.0, 0.5, 0.125),
    "restarts_threefold": S.CosineDecayRestarts(0.125, 2, 3.0, 0.875, 0.0625),
}


def run(optimizer, variables, scaled=False, bad=()):
    for i in range(STEPS):
        grads = gradients(*variables)
        if scaled:
            grads = [g * float(optimizer.dynamic_scale) for g in grads]
        if i in bad:
            grads[1] = grads[1] * np.inf
        optimizer.apply(grads, list(variables))


def main():
    print("\n".join(("# " + line).rstrip() for line in (
        f"Made by keras_optimizers.py, keras {keras.__version__}, tensorflow {tf.__version__}. Do not edit: run the script.\n"
        + ABOUT).splitlines()))
    for name, v in zip("wb", start()):
        emit("start." + name, v)
    for name, make in CASES.items():
        variables, optimizer = start(), make()
        run(optimizer, variables)
        for key, v in zip("wb", variables):
            assert np.isfinite(v.numpy()).all() and abs(v.numpy() - start()["wb".index(key)].numpy()).max() > 1e-6, name
            emit(f"{name}.{key}", v)
        if name.startswith("ema"):
            for key, v in zip("wb", optimizer._model_variables_moving_average):
                emit(f"{name}.average.{key}", v)
    for name, (make, options) in SCALES.items():
        variables, optimizer = start(), O.LossScaleOptimizer(make(), **options)
        optimizer.build(list(variables))
        run(optimizer, variables, True, BAD.get(name, ()))
        for key, v in zip("wb", variables):
            emit(f"{name}.{key}", v)
        emit(f"{name}.scale", float(optimizer.dynamic_scale))
    emit("schedule.steps", AT)
    for name, schedule in SCHEDULES.items():
        emit("schedule." + name, [float(schedule(float(step))) for step in AT])


if __name__ == "__main__":
    main()
