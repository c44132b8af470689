"""Oracle for the layers over images and series: outputs and gradients from PyTorch.

    python3 spatial.py > spatial.txt

Tensors are channels last, as in Keras; PyTorch computes channels first, so cases move the axes around it. "same" padding
is TensorFlow's: the odd zero of an odd number goes to the end.
"""
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True  # keep __pycache__ out of the resources folder
from trajectories import draw, emit, header

ABOUT = """
For each CASE: CASE.x the input, CASE.w.NAME the weights, CASE.y the output, CASE.loss = sum(CASE.f * CASE.y) and, in two
cases, penalties, and the gradients of the loss, CASE.dx and CASE.d.NAME."""

rng = np.random.default_rng(20)


def case(name, function, x, penalty=None, **weights):
    leaves = {key: draw(rng, *shape).requires_grad_() for key, shape in dict(x=x, **weights).items()}
    y = function(**leaves)
    f = draw(rng, *y.shape)
    loss = (f * y).sum() + (penalty(y=y, **leaves) if penalty else 0)
    loss.backward()
    for key, leaf in leaves.items():
        weight = key != "x"
        emit(f"{name}.w.{key}" if weight else f"{name}.x", leaf)
        emit(f"{name}.d.{key}" if weight else f"{name}.dx", leaf.grad)
    emit(f"{name}.f", f)
    emit(f"{name}.y", y)
    emit(f"{name}.loss", loss)


def each(value, dims):
    return (value,) * dims if isinstance(value, int) else tuple(value)


def margins(x, window, strides, padding, dilation=(1, 1)):
    """Zeros before and after each axis between batch and channels."""
    pairs = []
    for size, k, s, d in zip(x.shape[1:-1], window, strides, dilation):
        reach = (k - 1) * d + 1
        if padding == "valid":
            pairs.append((0, 0))
        elif padding == "causal":
            pairs.append((reach - 1, 0))
        else:
            total = max((math.ceil(size / s) - 1) * s + reach - size, 0)
            pairs.append((total // 2, total - total // 2))
    return pairs


def padded(first, pairs, value=0.0):
    """Pads a tensor with channels first; torch wants the last axis first."""
    return F.pad(first, [n for pair in reversed(pairs) for n in pair], value=value)


def to_first(x):
    return x.movedim(-1, 1)


def to_last(y):
    return y.movedim(1, -1)


def convolution(strides=1, padding="valid", dilation=1, groups=1, activation=lambda y: y):
    def run(x, kernel, bias=None):
        dims = x.dim() - 2
        s, d = each(strides, dims), each(dilation, dims)
        first = padded(to_first(x), margins(x, kernel.shape, s, padding, d))
        op = F.conv1d if dims == 1 else F.conv2d
        weight = kernel.movedim(-2, 0).movedim(-1, 0)
        return activation(to_last(op(first, weight, bias, s, dilation=d, groups=groups)))
    return run


def transposed(strides=1, padding="valid", dilation=1):
    def run(x, kernel, bias=None):
        dims = x.dim() - 2
        s, d = each(strides, dims), each(dilation, dims)
        op = F.conv_transpose1d if dims == 1 else F.conv_transpose2d
        y = op(to_first(x), kernel.movedim(-2, 0).movedim(-1, 0), None, s, dilation=d)
        for axis in range(dims):
            size, reach = x.shape[1 + axis], (kernel.shape[axis] - 1) * d[axis] + 1
            out = size * s[axis] if padding == "same" else (size - 1) * s[axis] + max(reach, s[axis])
            start = max(reach - s[axis], 0) // 2 if padding == "same" else 0
            part = y.narrow(2 + axis, start, min(out, y.shape[2 + axis] - start))
            short = [(0, 0)] * dims
            short[axis] = (0, out - part.shape[2 + axis])
            y = padded(part, short)
        y = to_last(y)
        return y if bias is None else y + bias
    return run


def depthwise(strides=1, padding="valid", dilation=1, activation=lambda y: y):
    def run(x, kernel, bias=None):
        dims = x.dim() - 2
        s, d = each(strides, dims), each(dilation, dims)
        first = padded(to_first(x), margins(x, kernel.shape, s, padding, d))
        op = F.conv1d if dims == 1 else F.conv2d
        weight = kernel.movedim((-2, -1), (0, 1)).reshape(-1, 1, *kernel.shape[:-2])
        return activation(to_last(op(first, weight, bias, s, dilation=d, groups=x.shape[-1])))
    return run


def separable(**options):
    activation = options.pop("activation", lambda y: y)

    def run(x, depthwise_kernel, pointwise_kernel, bias=None):
        deep = depthwise(**options)(x, depthwise_kernel)
        y = deep @ pointwise_kernel.reshape(pointwise_kernel.shape[-2:])
        return activation(y if bias is None else y + bias)
    return run


def max_pool(window, strides=None, padding="valid"):
    def run(x):
        dims = x.dim() - 2
        k = each(window, dims)
        s = each(strides, dims) if strides else k
        first = padded(to_first(x), margins(x, k, s, padding), value=-math.inf)
        return to_last((F.max_pool1d if dims == 1 else F.max_pool2d)(first, k, s))
    return run


def average_pool(window, strides=None, padding="valid"):
    def run(x):
        dims = x.dim() - 2
        k = each(window, dims)
        s = each(strides, dims) if strides else k
        op = F.avg_pool1d if dims == 1 else F.avg_pool2d
        pairs = margins(x, k, s, padding)
        counted = op(padded(torch.ones_like(to_first(x)), pairs), k, s)
        return to_last(op(padded(to_first(x), pairs), k, s) / counted)
    return run


def convolutions():
    image = (2, 5, 6, 4)
    case("conv2d", convolution(), image, kernel=(3, 3, 4, 2), bias=(2,))
    case("conv2d_rectangular", convolution((2, 1), "same", activation=torch.tanh), image, kernel=(2, 3, 4, 2), bias=(2,))
    case("conv2d_dilated", convolution(dilation=2), image, kernel=(2, 2, 4, 2), bias=(2,))
    case("conv2d_dilated_same", convolution(dilation=(2, 3), padding="same"), image, kernel=(3, 2, 4, 2), bias=(2,))
    case("conv2d_groups", convolution(2, "same", groups=2), image, kernel=(3, 3, 2, 6), bias=(6,))
    case("conv2d_groups_dilated", convolution(dilation=2, groups=4), image, kernel=(2, 2, 1, 4), bias=(4,))
    case("conv2d_penalties", convolution(), image, kernel=(2, 2, 4, 2), bias=(2,),
         penalty=lambda x, y, kernel, bias: 0.1 * (kernel ** 2).sum() + 0.2 * bias.abs().sum() + 0.3 * (y ** 2).sum() / 2)
    series = (2, 7, 4)
    case("conv1d", convolution(), series, kernel=(3, 4, 2), bias=(2,))
    case("conv1d_same", convolution(2, "same", activation=torch.tanh), series, kernel=(4, 4, 2), bias=(2,))
    case("conv1d_causal", convolution(2, "causal"), series, kernel=(3, 4, 2), bias=(2,))
    case("conv1d_causal_dilated", convolution(dilation=3, padding="causal"), series, kernel=(2, 4, 2), bias=(2,))
    case("conv1d_groups", convolution(groups=2), series, kernel=(2, 2, 2))


def transposed_convolutions():
    image = (2, 3, 4, 3)
    case("conv2d_transpose", transposed(), image, kernel=(3, 3, 2, 3), bias=(2,))
    case("conv2d_transpose_same", transposed(2, "same"), image, kernel=(3, 3, 2, 3), bias=(2,))
    case("conv2d_transpose_valid", transposed((3, 2)), image, kernel=(2, 5, 2, 3), bias=(2,))
    case("conv2d_transpose_short", transposed(3, "same"), image, kernel=(2, 1, 2, 3))
    case("conv2d_transpose_dilated", transposed(dilation=2), image, kernel=(2, 3, 2, 3), bias=(2,))
    case("conv2d_transpose_dilated_same", transposed(dilation=(3, 2), padding="same"), image, kernel=(2, 3, 2, 3))
    series = (2, 4, 3)
    case("conv1d_transpose", transposed(), series, kernel=(3, 2, 3), bias=(2,))
    case("conv1d_transpose_same", transposed(2, "same"), series, kernel=(5, 2, 3), bias=(2,))
    case("conv1d_transpose_dilated", transposed(dilation=2, padding="same"), series, kernel=(2, 2, 3), bias=(2,))


def depthwise_convolutions():
    image, series = (2, 5, 6, 3), (2, 7, 3)
    case("depthwise_conv2d", depthwise(), image, kernel=(3, 3, 3, 1), bias=(3,))
    case("depthwise_conv2d_same", depthwise(2, "same", activation=torch.tanh), image, kernel=(2, 3, 3, 2), bias=(6,))
    case("depthwise_conv2d_dilated", depthwise(dilation=(2, 1), padding="same"), image, kernel=(2, 2, 3, 2))
    case("depthwise_conv1d", depthwise(), series, kernel=(3, 3, 1), bias=(3,))
    case("depthwise_conv1d_strides", depthwise(2, "same"), series, kernel=(2, 3, 2), bias=(6,))
    case("separable_conv2d", separable(), image, depthwise_kernel=(3, 3, 3, 1), pointwise_kernel=(1, 1, 3, 2), bias=(2,))
    case("separable_conv2d_same", separable(strides=2, padding="same", activation=torch.tanh), image,
         depthwise_kernel=(3, 2, 3, 2), pointwise_kernel=(1, 1, 6, 2), bias=(2,))
    case("separable_conv2d_dilated", separable(dilation=2), image,
         depthwise_kernel=(2, 2, 3, 1), pointwise_kernel=(1, 1, 3, 2))
    case("separable_conv2d_penalties", separable(), image,
         depthwise_kernel=(2, 2, 3, 1), pointwise_kernel=(1, 1, 3, 2), bias=(2,),
         penalty=lambda depthwise_kernel, pointwise_kernel, **_:
         0.1 * (depthwise_kernel ** 2).sum() + 0.2 * pointwise_kernel.abs().sum())
    case("separable_conv1d", separable(), series, depthwise_kernel=(3, 3, 1), pointwise_kernel=(1, 3, 2), bias=(2,))
    case("separable_conv1d_strides", separable(strides=2, padding="same"), series,
         depthwise_kernel=(2, 3, 2), pointwise_kernel=(1, 6, 2), bias=(2,))


def pools():
    image, series = (2, 5, 6, 2), (2, 7, 2)
    for name, pool in ("max_pool", max_pool), ("average_pool", average_pool):
        case(name + "2d", pool(2), image)
        case(name + "2d_rectangular", pool((3, 2), (1, 2), "same"), image)
        case(name + "2d_strides", pool(3, 2, "same"), image)
        case(name + "1d", pool(2), series)
        case(name + "1d_same", pool(3, 2, "same"), series)
    for keep in False, True:
        suffix = "_kept" if keep else ""
        case("global_max_pool2d" + suffix, lambda x: x.amax((1, 2), keep), image)
        case("global_max_pool1d" + suffix, lambda x: x.amax(1, keep), series)
        case("global_average_pool2d" + suffix, lambda x: x.mean((1, 2), keep), image)
        case("global_average_pool1d" + suffix, lambda x: x.mean(1, keep), series)


def resized(size, mode):
    def run(x):
        options = {} if mode == "nearest-exact" else {"align_corners": False}
        return to_last(F.interpolate(to_first(x), size, mode=mode, **options))
    return run


def shapes():
    image, series = (2, 3, 4, 2), (2, 5, 2)
    case("permute", lambda x: x.permute(0, 3, 1, 2), image)
    case("zero_padding2d", lambda x: to_last(padded(to_first(x), [(1, 1), (1, 1)])), image)
    case("zero_padding2d_uneven", lambda x: to_last(padded(to_first(x), [(0, 2), (3, 1)])), image)
    case("zero_padding1d", lambda x: to_last(padded(to_first(x), [(1, 1)])), series)
    case("zero_padding1d_uneven", lambda x: to_last(padded(to_first(x), [(2, 0)])), series)
    case("cropping2d", lambda x: x[:, 1:-1, 1:-1], image)
    case("cropping2d_uneven", lambda x: x[:, 0:-2, 1:], image)
    case("cropping1d", lambda x: x[:, 1:-1], series)
    case("cropping1d_uneven", lambda x: x[:, 0:-3], series)
    case("up_sampling2d", lambda x: x.repeat_interleave(2, 1).repeat_interleave(2, 2), image)
    case("up_sampling2d_rectangular", lambda x: x.repeat_interleave(3, 1).repeat_interleave(1, 2), image)
    case("up_sampling2d_bilinear", resized((6, 12), "bilinear"), image)
    case("up_sampling1d", lambda x: x.repeat_interleave(2, 1), series)
    case("resizing", resized((5, 3), "bilinear"), image)
    case("resizing_nearest", resized((5, 3), "nearest-exact"), image)
    case("rescaling", lambda x: x * 0.25 - 1, image)


if __name__ == "__main__":
    header("spatial.py", ABOUT)
    convolutions()
    transposed_convolutions()
    depthwise_convolutions()
    pools()
    shapes()
