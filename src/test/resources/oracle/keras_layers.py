"""Oracle for the layers by Keras itself: outputs, gradients and statistics.

    python3 keras_layers.py > keras_layers.txt

Keras computes in float64 here, but for its own constants, which are float32, and for what needs float32 (images that are resized).
"""
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

ABOUT = """\
Format: one array a line, fields separated by one space: NAME SHAPE VALUE...
  SHAPE   sizes joined by 'x' (4x3; a vector is just 8), or 'scalar' for one value
  VALUE   row-major (last axis fastest), 12 digits
For each CASE, whose name begins with that of the layer:
  CASE.x (CASE.x0, CASE.x1 ... for several inputs)   inputs, multiples of 1/256
  CASE.w.NAME                                         weights before the call, moving statistics included
  CASE.f                                              factors f: the loss is sum(f * y) + penalties
  CASE.y, CASE.loss                                   output and loss
  CASE.dx (CASE.dx0 ...), CASE.d.NAME                 gradients of the loss; none for whole-number inputs
  CASE.after.NAME                                     moving statistics after the call
Masks are those of KerasLayers.java: MASK of series of 5 steps, TAIL of values of 4."""

RNG = np.random.default_rng(12)
MASK = np.array([[True, True, True, False, False], [False, True, False, True, True], [False] * 5])
TAIL = np.array([[True, True, False, True], [True, False, False, False], [False] * 4])
ALLOWED = np.array([[[True, False, True, True], [False] * 4, [False, False, False, True]]])
SERIES, IMAGE = (3, 5, 4), (2, 5, 4, 3)


def draw(*shape):
    return np.round(RNG.uniform(-1, 1, shape) * 256) / 256


def emit(name, value):
    a = np.asarray(value)
    print(name, "x".join(map(str, a.shape)) or "scalar", *(f"{v:.12g}" for v in a.ravel().tolist()))


def name_of(variable, layer):
    """Its path below the layer; cells are no layers of their own, and wrappers name theirs after what they wrap."""
    parts = [p for p in variable.path.split("/") if p != layer.name and not p.endswith("_cell")]
    parts[0] = parts[0].rstrip("0123456789").rstrip("_") if len(parts) > 1 and parts[0][-2] == "_" else parts[0]
    return ".".join(p.split("_")[0] if p.startswith(("forward_", "backward_")) else p for p in parts)


def case(name, layer, *shapes, call=None, training=True, ints=None, x=None):
    """call(layer, inputs) gives y, if it is not layer(x)"""
    xs = x or [RNG.integers(0, ints, s) if ints else draw(*s) for s in shapes]
    single = len(xs) == 1
    call = call or (lambda layer, xs: layer(xs[0] if single else xs, **takes_training(layer, training)))
    inputs = [tf.constant(x, tf.int64 if ints else layer.compute_dtype) for x in xs]
    call(layer, inputs)
    weights = [w for w in layer.weights if "count" not in w.name and "seed" not in w.name]
    for w in weights:
        w.assign(np.abs(draw(*w.shape)) + 0.5 if "variance" in w.name else draw(*w.shape))
    before = {w.path: w.numpy() for w in weights}
    if isinstance(layer, L.Normalization):  # Statistics that are given are no weights there.
        emit(f"{name}.w.mean", np.ravel(layer.mean) if layer.axis != () else np.squeeze(layer.mean))
        emit(f"{name}.w.variance", np.ravel(layer.variance) if layer.axis != () else np.squeeze(layer.variance))
    with tf.GradientTape(persistent=True) as tape:
        for v in inputs:
            tape.watch(v)
        y = call(layer, inputs)
        f = draw(*y.shape)
        loss = tf.reduce_sum(tf.cast(y, f.dtype) * f) + sum(tf.cast(p, f.dtype) for p in layer.losses)
    for i, v in enumerate(inputs):
        at = "" if single else str(i)
        emit(f"{name}.x{at}", v)
        if not ints:
            emit(f"{name}.dx{at}", tf.convert_to_tensor(tape.gradient(loss, v)))
    for w in weights:
        key = name_of(w, layer)
        emit(f"{name}.w.{key}", before[w.path])
        if w.trainable:
            emit(f"{name}.d.{key}", tf.convert_to_tensor(tape.gradient(loss, w.value)))
        elif training:
            emit(f"{name}.after.{key}", w)
    emit(f"{name}.f", f)
    emit(f"{name}.y", y)
    emit(f"{name}.loss", loss)


def takes_training(layer, training):
    return {"training": training} if layer._call_has_training_arg else {}


def core():
    case("dense", L.Dense(3), (5, 4))
    case("dense_rank3_gelu", L.Dense(3, "gelu", use_bias=False), (2, 3, 4))
    case("dense_penalties", L.Dense(3, "tanh", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
                                    bias_regularizer="l2", activity_regularizer=keras.regularizers.L2(0.3)), (5, 4))
    for name, layer, shape in (("embedding", L.Embedding(7, 3), (3, 4)), ("embedding_rank3", L.Embedding(5, 2), (2, 3, 2)),
                               ("embedding_repeated", L.Embedding(2, 4, mask_zero=True), (6, 3))):
        case(name, layer, shape, ints=layer.input_dim)
    case("prelu", L.PReLU(), (3, 4))
    case("prelu_images", L.PReLU(), IMAGE)
    case("prelu_shared", L.PReLU(shared_axes=[1, 2]), IMAGE)
    case("activation", L.Activation("relu"), (3, 4))
    case("activation_softmax", L.Activation("softmax"), SERIES)
    case("activation_tanh", L.Activation("tanh"), IMAGE)
    case("activity_regularization", L.ActivityRegularization(0.1, 0.2), (5, 4))
    case("activity_regularization_l1", L.ActivityRegularization(l1=0.3), SERIES)
    case("activity_regularization_l2", L.ActivityRegularization(l2=0.3), IMAGE)
    case("lambda", L.Lambda(lambda x: x ** 2), (3, 4))
    case("lambda_sum", L.Lambda(lambda x: keras.ops.sum(x, 1)), SERIES)
    case("lambda_abs", L.Lambda(keras.ops.abs), IMAGE)
    case("rescaling", L.Rescaling(0.5, -1), (3, 4))
    case("rescaling_no_offset", L.Rescaling(4), SERIES)
    case("rescaling_images", L.Rescaling(0.25, 0.75), IMAGE)
    for name, layer in (("dropout", L.Dropout), ("alpha_dropout", L.AlphaDropout), ("gaussian_dropout", L.GaussianDropout),
                        ("gaussian_noise", L.GaussianNoise)):
        for suffix, rate, shape in (("", 0.5, (3, 4)), ("_series", 0.2, SERIES), ("_images", 0.8, IMAGE)):
            case(name + suffix, layer(rate), shape, training=False)
    for name, layer, shape in (("spatial_dropout1d", L.SpatialDropout1D, SERIES), ("spatial_dropout2d", L.SpatialDropout2D, IMAGE)):
        for suffix, rate in (("", 0.5), ("_low", 0.1), ("_high", 0.9)):
            case(name + suffix, layer(rate), shape, training=False)


POINTS = np.array([[-7.5, -3.25, -2.5, -0.75, -0.25, -0.125, 0.125], [0.25, 0.75, 1.5, 2.5, 3.25, 6.5, 9]])


def activations():
    """Of each element, at points off the kinks."""
    for name in ("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "exponential", "sigmoid", "log_sigmoid",
                 "hard_sigmoid", "sparse_sigmoid", "tanh", "hard_tanh", "tanh_shrink", "silu", "hard_silu", "mish", "gelu",
                 "softplus", "softsign", "sparse_plus", "squareplus", "hard_shrink", "soft_shrink", "log_softmax", "softmax"):
        case("activations_" + name, L.Activation(name), x=[POINTS])
    a = keras.activations
    for name, f in (("gelu_approximate", lambda x: a.gelu(x, approximate=True)), ("glu", lambda x: a.glu(x)),
                    ("relu_limited", lambda x: a.relu(x, 0.25, 3, 0.5)), ("relu_max", lambda x: a.relu(x, 0, 3, 0)),
                    ("elu_half", lambda x: a.elu(x, 0.5)), ("celu_half", lambda x: a.celu(x, 0.5)),
                    ("leaky_relu_tenth", lambda x: a.leaky_relu(x, 0.1)), ("squareplus_1", lambda x: a.squareplus(x, 1)),
                    ("hard_shrink_1", lambda x: a.hard_shrink(x, 1)), ("soft_shrink_1", lambda x: a.soft_shrink(x, 1)),
                    ("threshold", lambda x: a.threshold(x, 0.5, -2)), ("softmax_axis0", lambda x: a.softmax(x, 0)),
                    ("log_softmax_axis0", lambda x: a.log_softmax(x, 0))):
        case("activations_" + name, L.Activation(f), x=[POINTS[:, :6] if name == "glu" else POINTS])


def normalizations():
    case("batch_normalization", L.BatchNormalization(), (6, 3))
    case("batch_normalization_images", L.BatchNormalization(momentum=0.5, epsilon=0.1), IMAGE)
    case("batch_normalization_axis1", L.BatchNormalization(axis=1, scale=False), IMAGE)
    case("batch_normalization_inference", L.BatchNormalization(center=False), SERIES, training=False)
    case("batch_normalization_masked", L.BatchNormalization(), SERIES, call=lambda l, xs: l(xs[0], training=True, mask=MASK))
    case("layer_normalization", L.LayerNormalization(), (4, 5))
    case("layer_normalization_axes", L.LayerNormalization(axis=[1, 2], epsilon=0.1), SERIES)
    case("layer_normalization_inner_axis", L.LayerNormalization(axis=1, center=False), SERIES)
    case("group_normalization", L.GroupNormalization(2), (2, 3, 6))
    case("group_normalization_images", L.GroupNormalization(1, scale=False), IMAGE)
    case("group_normalization_channels", L.GroupNormalization(-1, epsilon=0.1), IMAGE)
    case("rms_normalization", L.RMSNormalization(), (4, 5))
    case("rms_normalization_series", L.RMSNormalization(), SERIES)
    case("rms_normalization_epsilon", L.RMSNormalization(epsilon=0.1), IMAGE)
    case("unit_normalization", L.UnitNormalization(), (4, 5))
    case("unit_normalization_axis1", L.UnitNormalization(axis=1), SERIES)
    case("unit_normalization_axes", L.UnitNormalization(axis=[1, 2]), IMAGE)
    case("normalization", L.Normalization(mean=[0.5, -0.25, 1, 0], variance=[2, 0.25, 1, 4]), (5, 4))
    case("normalization_invert", L.Normalization(mean=[0.5, -0.25, 1, 0], variance=[2, 0.25, 1, 4], invert=True), SERIES)
    case("normalization_all", L.Normalization(axis=None, mean=0.5, variance=4), SERIES)


def merges():
    pair, three = [(3, 4)] * 2, [(3, 4)] * 3
    for name, layer in (("add", L.Add), ("multiply", L.Multiply), ("average", L.Average), ("maximum", L.Maximum),
                        ("minimum", L.Minimum), ("concatenate", L.Concatenate)):
        case(name, layer(), *pair)
        case(name + "_three", layer(), *three)
        case(name + "_series", layer(), SERIES, (3, 5, 4))
    case("concatenate_axis1", L.Concatenate(axis=1), (3, 2, 4), (3, 1, 4))
    case("subtract", L.Subtract(), *pair)
    case("subtract_series", L.Subtract(), SERIES, SERIES)
    case("subtract_images", L.Subtract(), IMAGE, IMAGE)
    case("dot", L.Dot(axes=1), *pair)
    case("dot_normalize", L.Dot(axes=1, normalize=True), *pair)
    case("dot_axes", L.Dot(axes=(1, 2)), (3, 4, 2), (3, 5, 4))
    case("dot_axes_normalize", L.Dot(axes=(2, 1), normalize=True), (3, 2, 4), (3, 4, 5))


def shapes():
    case("flatten", L.Flatten(), SERIES)
    case("flatten_images", L.Flatten(), IMAGE)
    case("flatten_matrix", L.Flatten(), (3, 4))
    case("reshape", L.Reshape((2, -1)), SERIES)
    case("reshape_images", L.Reshape((3, 4, 5)), IMAGE)
    case("reshape_flat", L.Reshape((20,)), SERIES)
    case("permute", L.Permute((2, 1)), SERIES)
    case("permute_images", L.Permute((3, 1, 2)), IMAGE)
    case("permute_columns", L.Permute((2, 1, 3)), IMAGE)
    case("cropping1d", L.Cropping1D(), SERIES)
    case("cropping1d_sides", L.Cropping1D((0, 2)), SERIES)
    case("cropping1d_two", L.Cropping1D(2), SERIES)
    case("cropping2d", L.Cropping2D(), IMAGE)
    case("cropping2d_one", L.Cropping2D(1), IMAGE)
    case("cropping2d_sides", L.Cropping2D(((1, 2), (0, 1))), IMAGE)
    case("zero_padding1d", L.ZeroPadding1D(), SERIES)
    case("zero_padding1d_sides", L.ZeroPadding1D((2, 0)), SERIES)
    case("zero_padding1d_three", L.ZeroPadding1D(3), SERIES)
    case("zero_padding2d", L.ZeroPadding2D(), IMAGE)
    case("zero_padding2d_two", L.ZeroPadding2D((1, 2)), IMAGE)
    case("zero_padding2d_sides", L.ZeroPadding2D(((1, 0), (0, 2))), IMAGE)
    case("up_sampling1d", L.UpSampling1D(), SERIES)
    case("up_sampling1d_three", L.UpSampling1D(3), SERIES)
    case("up_sampling1d_one", L.UpSampling1D(1), SERIES)
    case("up_sampling2d", L.UpSampling2D(), IMAGE)
    case("up_sampling2d_sizes", L.UpSampling2D((1, 3)), IMAGE)
    case("up_sampling2d_bilinear", L.UpSampling2D((2, 3), interpolation="bilinear", dtype="float32"), IMAGE)
    case("resizing", L.Resizing(3, 7, dtype="float32"), IMAGE)
    case("resizing_up", L.Resizing(8, 8, dtype="float32"), IMAGE)
    case("resizing_nearest", L.Resizing(3, 7, interpolation="nearest", dtype="float32"), IMAGE)


def pools():
    for kind, k in (("max_pool", "MaxPooling"), ("average_pool", "AveragePooling")):
        one, two = getattr(L, k + "1D"), getattr(L, k + "2D")
        size = {} if kind == "max_pool" else {"pool_size": 2}  # No default there.
        case(kind + "1d", one(**size), SERIES)
        case(kind + "1d_strides", one(3, strides=1), SERIES)
        case(kind + "1d_same", one(2, padding="same"), SERIES)
        case(kind + "2d", two(**size), IMAGE)
        case(kind + "2d_strides", two((2, 3), strides=(1, 2)), IMAGE)
        case(kind + "2d_same", two(3, strides=2, padding="same"), IMAGE)
    for kind, k in (("global_max_pool", "GlobalMaxPooling"), ("global_average_pool", "GlobalAveragePooling")):
        one, two = getattr(L, k + "1D"), getattr(L, k + "2D")
        case(kind + "1d", one(), SERIES)
        case(kind + "1d_keepdims", one(keepdims=True), SERIES)
        case(kind + "1d_long", one(), (2, 9, 2))
        case(kind + "2d", two(), IMAGE)
        case(kind + "2d_keepdims", two(keepdims=True), IMAGE)
        case(kind + "2d_wide", two(), (2, 2, 9, 2))
    case("global_average_pool1d_masked", L.GlobalAveragePooling1D(), (2, 5, 4), call=lambda l, xs: l(xs[0], mask=MASK[:2]))


def convolutions():
    case("conv1d", L.Conv1D(2, 3), SERIES)
    case("conv1d_causal", L.Conv1D(2, 3, padding="causal", dilation_rate=2), SERIES)
    case("conv1d_strides", L.Conv1D(4, 2, strides=2, padding="same", groups=2, use_bias=False, activation="tanh"), SERIES)
    case("conv2d", L.Conv2D(2, 2), IMAGE)
    case("conv2d_same", L.Conv2D(2, (3, 2), strides=(1, 2), padding="same", activation="relu"), IMAGE)
    case("conv2d_dilated", L.Conv2D(2, 2, dilation_rate=2, activity_regularizer="l2"), IMAGE)
    case("conv2d_groups", L.Conv2D(4, 2, groups=2, use_bias=False), (2, 5, 4, 4))
    # Over groups of one channel with one place along the width Keras goes by XLA and is right.
    case("conv2d_one_column", L.Conv2D(4, (1, 4), strides=(1, 2), groups=2), (2, 6, 5, 2))
    case("conv1d_transpose", L.Conv1DTranspose(2, 3), SERIES)
    case("conv1d_transpose_strides", L.Conv1DTranspose(2, 2, strides=3, padding="same"), SERIES)
    case("conv1d_transpose_relu", L.Conv1DTranspose(2, 3, strides=2, activation="relu", use_bias=False), SERIES)
    case("conv2d_transpose", L.Conv2DTranspose(2, 2), IMAGE)
    case("conv2d_transpose_strides", L.Conv2DTranspose(2, (3, 2), strides=(2, 1), padding="same"), IMAGE)
    case("conv2d_transpose_tanh", L.Conv2DTranspose(3, 3, strides=2, activation="tanh", use_bias=False), IMAGE)
    case("depthwise_conv1d", L.DepthwiseConv1D(3), SERIES)
    case("depthwise_conv1d_multiplier", L.DepthwiseConv1D(2, depth_multiplier=2, padding="same"), SERIES)
    case("depthwise_conv1d_strides", L.DepthwiseConv1D(2, strides=2, use_bias=False), SERIES)
    case("depthwise_conv2d", L.DepthwiseConv2D(2), IMAGE)
    case("depthwise_conv2d_multiplier", L.DepthwiseConv2D((3, 2), depth_multiplier=2, padding="same"), IMAGE)
    case("depthwise_conv2d_strides", L.DepthwiseConv2D(2, strides=2, activation="tanh"), IMAGE)
    case("separable_conv1d", L.SeparableConv1D(2, 3), SERIES)
    case("separable_conv1d_multiplier", L.SeparableConv1D(3, 2, depth_multiplier=2, padding="same"), SERIES)
    case("separable_conv1d_strides", L.SeparableConv1D(2, 2, strides=2, use_bias=False), SERIES)
    case("separable_conv2d", L.SeparableConv2D(2, 2), IMAGE)
    case("separable_conv2d_multiplier", L.SeparableConv2D(3, (2, 3), depth_multiplier=2, padding="same"), IMAGE)
    case("separable_conv2d_strides", L.SeparableConv2D(2, 2, strides=2, activation="tanh"), IMAGE)


def sequences():
    def masked(l, xs):
        return l(xs[0], mask=MASK)
    for name, layer in (("simple_rnn", L.SimpleRNN), ("gru", L.GRU), ("lstm", L.LSTM)):
        case(name, layer(3), SERIES)
        case(name + "_sequences", layer(3, return_sequences=True, activation="softsign", use_bias=False), SERIES)
        case(name + "_masked", layer(3, return_sequences=True), SERIES, call=masked)
        case(name + "_backwards", layer(3, return_sequences=True, go_backwards=True), SERIES)
        case(name + "_masked_last", layer(3, go_backwards=True), SERIES, call=masked)
    for name, inner, mode in (("bidirectional", L.GRU(2), "concat"), ("bidirectional_sum", L.LSTM(2, return_sequences=True), "sum"),
                              ("bidirectional_mul", L.SimpleRNN(3, return_sequences=True), "mul")):
        case(name, L.Bidirectional(inner, merge_mode=mode), SERIES)
    case("bidirectional_masked", L.Bidirectional(L.GRU(2, return_sequences=True), merge_mode="ave"), SERIES, call=masked)
    case("time_distributed", L.TimeDistributed(L.Dense(2, "tanh")), SERIES)
    case("time_distributed_images", L.TimeDistributed(L.Conv2D(2, 2)), (2, 2, 3, 4, 2))
    case("time_distributed_series", L.TimeDistributed(L.GlobalAveragePooling1D()), (2, 3, 4, 2))
    x = draw(*SERIES)
    case("masking", L.Masking(), x=[x * MASK[..., None]])
    case("masking_value", L.Masking(-2), x=[np.where(MASK[..., None], x, -2)])
    case("masking_none", L.Masking(5), x=[x])


def attentions():
    def masked(x, mask):
        """The mask of a query counts only if it is attached to it."""
        x = tf.identity(x)
        keras.src.backend.common.masking.set_keras_mask(x, tf.constant(mask))
        return x

    def self_masked(l, xs, **causal):
        x = masked(xs[0], MASK)
        return l(x, x, **causal)
    size = dict(num_heads=2, key_dim=3)
    itself = lambda l, xs: l(xs[0], xs[0])
    case("multi_head_attention", L.MultiHeadAttention(**size), SERIES, call=itself)
    case("multi_head_attention_sizes", L.MultiHeadAttention(3, 2, value_dim=4, output_shape=5, use_bias=False), SERIES, call=itself)
    case("multi_head_attention_causal", L.MultiHeadAttention(**size), SERIES,
         call=lambda l, xs: l(xs[0], xs[0], use_causal_mask=True))
    case("multi_head_attention_masked", L.MultiHeadAttention(**size), SERIES, call=self_masked)
    case("multi_head_attention_masked_causal", L.MultiHeadAttention(**size), SERIES,
         call=lambda l, xs: self_masked(l, xs, use_causal_mask=True))
    shapes = [(3, 3, 4), (3, 4, 5), (3, 4, 2)]
    case("multi_head_attention_cross", L.MultiHeadAttention(**size), *shapes, call=lambda l, xs: l(*xs))
    case("multi_head_attention_cross_masked", L.MultiHeadAttention(**size), *shapes,
         call=lambda l, xs: l(*xs, value_mask=TAIL, attention_mask=ALLOWED))
    case("multi_head_attention_query_masked", L.MultiHeadAttention(**size), *shapes,
         call=lambda l, xs: l(masked(xs[0], MASK[:, :3]), xs[1], masked(xs[2], TAIL)))


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.config.set_floatx("float64")
    text = f"Made by keras_layers.py, Keras {keras.__version__}, TensorFlow {tf.__version__}. Do not edit: run the script.\n{ABOUT}"
    print("\n".join("# " + line for line in text.splitlines()))
    for part in core, activations, normalizations, merges, shapes, pools, convolutions, sequences, attentions:
        part()
