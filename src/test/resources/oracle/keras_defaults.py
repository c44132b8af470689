"""What the constructors of real Keras take, and their defaults.

    KERAS_BACKEND=tensorflow python3 keras_defaults.py > keras_defaults.txt
"""
import inspect
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402

KINDS = {
    "layer": (keras.layers, keras.layers.Layer),
    "loss": (keras.losses, keras.losses.Loss),
    "metric": (keras.metrics, keras.metrics.Metric),
    "optimizer": (keras.optimizers, keras.optimizers.Optimizer),
    "initializer": (keras.initializers, keras.initializers.Initializer),
    "regularizer": (keras.regularizers, keras.regularizers.Regularizer),
    "constraint": (keras.constraints, keras.constraints.Constraint),
    "schedule": (keras.optimizers.schedules, keras.optimizers.schedules.LearningRateSchedule),
}
LEFT_OUT = "self", "args", "kwargs", "name", "dtype"

print(f"# Made by keras_defaults.py with Keras {keras.__version__}. Do not edit: run the script.")
print("# Format: one class a line, KIND NAME, then its parameters, NAME if it must be given, else NAME=DEFAULT")
for kind, (module, base) in KINDS.items():
    for name in sorted(dir(module)):
        made = getattr(module, name)
        if inspect.isclass(made) and issubclass(made, base) and made is not base:
            parameters = inspect.signature(made.__init__).parameters.values()
            texts = [
                p.name + ("" if p.default is p.empty else "=" + str(p.default).replace(" ", ""))
                for p in parameters
                if p.name not in LEFT_OUT
            ]
            print(kind, name, *texts)
