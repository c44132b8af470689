"""Oracle for LoRA by Keras: layers in the format of keras_layers.py, and a model that is trained some steps.

    python3 keras_lora.py > keras_lora.txt

Query, key and value of attentions are matrices here, as in Hu et al. 2021: a Dense of Keras' with LoRA takes the place of the
EinsumDense, which has an a of its own for each head. The output is the EinsumDense, of which both are the same.
"""
import keras_layers as of
import keras
import keras_hub
import numpy as np
import tensorflow as tf
from keras import layers as L
from keras.optimizers import SGD, Adam
from keras_hub import layers as H

SERIES = (3, 5, 4)
HEADS, SIZE, RANK = 2, 3, 2
STEPS = 6
ABOUT = """\
Also, for RUN sgd and adam of the trained model, ids -> Embedding(11, 3) with LoRA -> Flatten -> Dense(5, tanh) with LoRA -> Dense(1):
  train.ids, train.targets                            the data, one batch of all
  train.w.LAYER.NAME                                  weights before the first step
  train.RUN.losses                                    the mean squared error before each step
  train.RUN.after.LAYER.NAME                          weights after the last"""


def lora(layer, rank, alpha=None):
    """Keras keeps what LoRA adds in float32 whatever the layer computes in; here all is float64."""
    add = layer.add_weight
    layer.add_weight = lambda **given: add(**{**given, "dtype": "float64"})
    layer.enable_lora(rank, lora_alpha=alpha)
    return layer


def built(layer, shape):
    layer.build(shape)
    return layer


class Heads(L.Dense):
    def __init__(self, size, **given):
        super().__init__(HEADS * size, **given)
        self.size = size

    def call(self, x):
        return tf.reshape(super().call(x), (-1, x.shape[1], HEADS, self.size))


def adapt(attention, size, alpha=None, names=("query", "value")):
    """Of an attention that is built."""
    attention._tracker.unlock()
    for name in "query", "key", "value", "output":
        einsum = getattr(attention, f"_{name}_dense")
        part = einsum
        if name in names and name != "output":
            part = Heads(size, name=name, use_bias=einsum.bias is not None)
            part.build((None, None, einsum.kernel.shape[0]))
            setattr(attention, f"_{name}_dense", part)
            attention._layers.remove(einsum)
        if name in names:
            lora(part, RANK, alpha)
        else:
            part.trainable = False


def attention_of(shape, alpha=None, names=("query", "value"), **given):
    layer = L.MultiHeadAttention(HEADS, SIZE, **given)
    layer.build(shape, shape)
    adapt(layer, SIZE, alpha, names)
    return layer


def encoder():
    layer = built(H.TransformerEncoder(6, HEADS), SERIES)
    adapt(layer._self_attention_layer, SERIES[2] // HEADS)
    for part in layer._flatten_layers(include_self=False):
        if part.weights and not any(hasattr(own, "lora_kernel_a") for own in part._flatten_layers()):
            part.trainable = False
    return layer


def as_kernels(emit, name_of):
    """Gives the matrices the shapes and paths that Keras' attentions have for them."""

    def shaped(name, value):
        value = np.asarray(value)
        parts = name.split(".")
        if set(parts) & {"query", "key", "value"} and value.shape[-1] % HEADS == 0 and parts[-1] != "lora_kernel_a":
            if value.ndim == (1 if parts[-1] == "bias" else 2):
                value = value.reshape(*value.shape[:-1], HEADS, -1)
        emit(name, value)

    def named(variable, layer):
        name = name_of(variable, layer)
        inside = isinstance(layer, H.TransformerEncoder) and name.split(".")[0] in ("query", "value", "attention_output")
        return "self_attention_layer." + name if inside else name

    return shaped, named


def cases():
    of.case("dense_lora", lora(built(L.Dense(3), (5, 4)), RANK), (5, 4))
    of.case("dense_lora_rank3_gelu", lora(built(L.Dense(3, "gelu", use_bias=False), (2, 3, 4)), 4, 6), (2, 3, 4))
    of.case("dense_lora_penalties", lora(built(L.Dense(
        3, "tanh", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2), bias_regularizer="l2"), (5, 4)), 1, 0.5), (5, 4))
    of.case("embedding_lora", lora(built(L.Embedding(7, 3), None), RANK), (3, 4), ints=7)
    of.case("embedding_lora_rank3", lora(built(L.Embedding(5, 2, embeddings_regularizer="l2"), None), 3, 1), (2, 3, 2), ints=5)
    of.case("embedding_lora_repeated", lora(built(L.Embedding(2, 4, mask_zero=True), None), 1, 2), (6, 3), ints=2)
    itself = dict(call=lambda layer, xs: layer(xs[0], xs[0]))
    of.case("multi_head_attention_lora", attention_of(SERIES), SERIES, **itself)
    of.case("multi_head_attention_lora_output", attention_of(SERIES, 3, ("output",)), SERIES, **itself)
    of.case("multi_head_attention_lora_all", attention_of(
        SERIES, 4, ("query", "key", "value", "output"), use_bias=False), SERIES, **itself)
    of.case("transformer_encoder_lora", encoder(), SERIES)


def trained():
    ids, targets = of.RNG.integers(0, 11, (8, 4)), of.draw(8, 1)
    of.emit("train.ids", ids)
    of.emit("train.targets", targets)
    start = None
    for run, optimizer in (("sgd", SGD(0.25, momentum=0.875)),  # Keras' constants are float32, which has these exactly.
                           ("adam", Adam(0.0625, beta_1=0.875, beta_2=0.984375, epsilon=2**-20))):
        model = keras.Sequential([L.Embedding(11, 3, name="embedding"), L.Flatten(), L.Dense(5, "tanh", name="dense"),
                                  L.Dense(1, name="dense_1")])
        model.build((8, 4))
        lora(model.get_layer("embedding"), RANK)
        lora(model.get_layer("dense"), 3, 6)
        names = [f"{layer.name}.{w.name}" for layer in model.layers for w in layer.weights]
        if start is None:
            start = [of.draw(*w.shape) for w in model.weights]
            for name, value in zip(names, start):
                of.emit(f"train.w.{name}", value)
        model.set_weights(start)
        losses = []
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(ids, training=True) - targets) ** 2)
            losses.append(loss.numpy())
            trainable = model.trainable_variables
            optimizer.apply(tape.gradient(loss, [w.value for w in trainable]), trainable)
        of.emit(f"train.{run}.losses", losses)
        for name, w in zip(names, model.weights):
            of.emit(f"train.{run}.after.{name}", w)


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.config.set_floatx("float64")
    print(f"# Made by keras_lora.py, Keras {keras.__version__}, KerasHub {keras_hub.__version__}. Do not edit: run the script.")
    print("# Format: that of keras_layers.txt.")
    print("\n".join("# " + line for line in ABOUT.splitlines()))
    of.emit, of.name_of = as_kernels(of.emit, of.name_of)
    cases()
    trained()
