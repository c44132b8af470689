"""Oracle for the layer rows: outputs, gradients and moving statistics in float64, by torch.autograd.

    python3 layers.py > layers.txt

The layers are written out by Keras 3's formulas; where torch.nn.functional has the same function, the two are compared.
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True  # keep __pycache__ out of the resources folder
from trajectories import draw, emit, header

ABOUT = """
For each CASE:
  CASE.x (CASE.x0, CASE.x1 ... for several inputs)   inputs
  CASE.w.NAME                                         weights before the call, the moving statistics included
  CASE.f                                              factors f: the loss is sum(f * y) + penalties
  CASE.y, CASE.loss                                   output and loss
  CASE.dx (CASE.dx0 ...), CASE.d.NAME                 gradients of the loss; none for whole-number inputs
  CASE.after.NAME                                     moving statistics after the call
bn_steps.*: three training steps over x0, x1, x2 without updates of gamma and beta, moving statistics after each.
"""

RNG = np.random.RandomState(31)


def case(name, xs, weights, fn, state=None, ints=False):
    """fn(inputs..., weights, state) -> y, or (y, penalty, after)"""
    state = state or {}
    single = not isinstance(xs, list)
    xs = [xs] if single else xs
    leaves = [x if ints else x.clone().requires_grad_() for x in xs]
    w = {k: v.clone().requires_grad_() for k, v in weights.items()}
    out = fn(*leaves, w, state)
    y, penalty, after = out if isinstance(out, tuple) else (out, 0, {})
    f = draw(RNG, *y.shape)
    loss = (f * y).sum() + penalty
    loss.backward()
    for i, (x, leaf) in enumerate(zip(xs, leaves)):
        at = "" if single else str(i)
        emit(f"{name}.x{at}", x)
        if not ints:
            emit(f"{name}.dx{at}", leaf.grad)
    for k, v in weights.items():
        emit(f"{name}.w.{k}", v)
        emit(f"{name}.d.{k}", w[k].grad)
    for k, v in state.items():
        emit(f"{name}.w.{k}", v)
    for k, v in after.items():
        emit(f"{name}.after.{k}", v)
    emit(f"{name}.f", f)
    emit(f"{name}.y", y)
    emit(f"{name}.loss", loss)


def broadcast(w, rank, axes):
    shape = [1] * rank
    for i, a in enumerate(axes):
        shape[a] = w.shape[i]
    return w.reshape(shape)


def normal(x, axes, eps):
    mean = x.mean(axes, keepdim=True)
    var = ((x - mean) ** 2).mean(axes, keepdim=True)
    return (x - mean) / torch.sqrt(var + eps), mean, var


def affine(y, w, rank, axes):
    if "gamma" in w:
        y = y * broadcast(w["gamma"], rank, axes)
    if "beta" in w:
        y = y + broadcast(w["beta"], rank, axes)
    return y


def batch_norm(axis=-1, training=True, momentum=0.99, eps=1e-3):
    def fn(x, w, state):
        channel = axis % x.dim()
        others = [a for a in range(x.dim()) if a != channel]
        if training:
            y, mean, var = normal(x, others, eps)
            after = {"moving_mean": state["moving_mean"] * momentum + mean.detach().flatten() * (1 - momentum),
                     "moving_variance": state["moving_variance"] * momentum + var.detach().flatten() * (1 - momentum)}
        else:
            y = (x - broadcast(state["moving_mean"], x.dim(), [channel])) \
                / torch.sqrt(broadcast(state["moving_variance"], x.dim(), [channel]) + eps)
            after = dict(state)
        y = affine(y, w, x.dim(), [channel])
        if "gamma" in w and "beta" in w:
            known = F.batch_norm(x.transpose(1, channel), state["moving_mean"].clone(), state["moving_variance"].clone(),
                                 w["gamma"], w["beta"], training, 0, eps).transpose(1, channel)
            assert torch.allclose(known, y, rtol=1e-12, atol=1e-12)
        return y, 0, after
    return fn


def moving(n):
    return {"moving_mean": draw(RNG, n), "moving_variance": draw(RNG, n).abs() + 0.5}


def gamma_beta(*shape):
    return {"gamma": draw(RNG, *shape) + 1, "beta": draw(RNG, *shape)}


def layer_norm(axes, eps=1e-3):
    def fn(x, w, _):
        kept = [a % x.dim() for a in axes]
        y = affine(normal(x, kept, eps)[0], w, x.dim(), kept)
        if kept[0] == x.dim() - len(kept):
            known = F.layer_norm(x, [x.shape[a] for a in kept], w["gamma"], w["beta"], eps)
            assert torch.allclose(known, y, rtol=1e-12, atol=1e-12)
        return y
    return fn


def group_norm(groups, axis=-1, eps=1e-3):
    def fn(x, w, _):
        y = F.group_norm(x.transpose(1, axis), groups, w["gamma"], w["beta"], eps)
        return y.transpose(1, axis)
    return fn


def rms_norm(axes, eps=1e-6):
    def fn(x, w, _):
        kept = [a % x.dim() for a in axes]
        return x / torch.sqrt((x ** 2).mean(kept, keepdim=True) + eps) * broadcast(w["scale"], x.dim(), kept)
    return fn


def dense(penalty):
    def fn(x, w, _):
        y = torch.tanh(x @ w["kernel"] + w["bias"])
        return y, penalty(w, y), {}
    return fn


def orthogonal(x, rows, factor):
    a = x if rows else x.t()
    a = a / a.norm(dim=1, keepdim=True)
    n = a.shape[0]
    return factor * (a @ a.t() * (1 - torch.eye(n))).abs().sum() / 2 / (n * (n - 1) / 2)


def unit(x, axis=-1):
    return F.normalize(x, dim=axis, eps=1e-12)


def prelu(x, w, _):
    return torch.where(x > 0, x, w["alpha"] * x)


def main():
    torch.set_num_threads(1)  # one order of summation
    torch.set_default_dtype(torch.float64)
    header("layers.py", ABOUT)

    kernel = {"kernel": draw(RNG, 4, 3), "bias": draw(RNG, 3)}
    x = draw(RNG, 5, 4)
    case("dense", x, kernel, lambda x, w, _: x @ w["kernel"] + w["bias"])
    case("dense_l1", x, kernel, dense(lambda w, y: 0.01 * w["kernel"].abs().sum()))
    case("dense_l2", x, kernel, dense(lambda w, y: 0.01 * (w["kernel"] ** 2).sum()))
    case("dense_l1l2", x, kernel, dense(lambda w, y: 0.2 * w["kernel"].abs().sum() + 0.3 * (w["kernel"] ** 2).sum()
                                        + 0.4 * (w["bias"] ** 2).sum()))
    case("dense_orthogonal", x, kernel, dense(lambda w, y: orthogonal(w["kernel"], True, 0.01)))
    case("dense_orthogonal_columns", x, kernel, dense(lambda w, y: orthogonal(w["kernel"], False, 0.5)))
    case("dense_activity", x, kernel, dense(lambda w, y: 0.1 * (y ** 2).sum() / 5))

    ids = torch.from_numpy(RNG.randint(0, 7, (3, 4)))
    case("embedding", ids, {"embeddings": draw(RNG, 7, 5)}, lambda x, w, _: F.embedding(x, w["embeddings"]), ints=True)

    case("bn_rank2", draw(RNG, 6, 3), gamma_beta(3), batch_norm(), moving(3))
    case("bn_rank3", draw(RNG, 4, 5, 3), gamma_beta(3), batch_norm(), moving(3))
    case("bn_rank4", draw(RNG, 2, 3, 4, 3), gamma_beta(3), batch_norm(), moving(3))
    case("bn_axis1", draw(RNG, 3, 4, 2, 3), gamma_beta(4), batch_norm(axis=1), moving(4))
    case("bn_options", draw(RNG, 2, 3, 4, 3), gamma_beta(3), batch_norm(momentum=0.5, eps=0.1), moving(3))
    case("bn_plain", draw(RNG, 2, 3, 4, 3), {}, batch_norm(), moving(3))
    case("bn_no_scale", draw(RNG, 6, 3), {"beta": draw(RNG, 3)}, batch_norm(), moving(3))
    case("bn_no_center", draw(RNG, 6, 3), {"gamma": draw(RNG, 3)}, batch_norm(), moving(3))
    case("bn_inference", draw(RNG, 2, 3, 4, 3), gamma_beta(3), batch_norm(training=False), moving(3))
    case("bn_inference_plain", draw(RNG, 6, 3), {}, batch_norm(training=False), moving(3))
    case("bn_inference_axis1", draw(RNG, 3, 4, 2), gamma_beta(4), batch_norm(axis=1, training=False), moving(4))

    case("ln", draw(RNG, 4, 5), gamma_beta(5), layer_norm([-1]))
    case("ln_rank3", draw(RNG, 2, 3, 5), gamma_beta(5), layer_norm([-1]))
    case("ln_axes", draw(RNG, 2, 3, 4), gamma_beta(3, 4), layer_norm([1, 2]))
    case("ln_inner_axis", draw(RNG, 2, 3, 4), gamma_beta(3), layer_norm([1]))
    case("gn", draw(RNG, 2, 2, 64), gamma_beta(64), group_norm(32))
    case("gn_image", draw(RNG, 2, 3, 2, 6), gamma_beta(6), group_norm(3))
    case("gn_channels", draw(RNG, 2, 3, 4), gamma_beta(4), group_norm(4))
    case("gn_axis1", draw(RNG, 2, 6, 3, 2), gamma_beta(6), group_norm(2, axis=1))
    case("rms", draw(RNG, 4, 5), {"scale": draw(RNG, 5) + 1}, rms_norm([-1]))
    case("rms_axes", draw(RNG, 2, 3, 4), {"scale": draw(RNG, 3, 4) + 1}, rms_norm([1, 2]))
    case("unit", draw(RNG, 4, 5), {}, lambda x, w, _: unit(x))
    case("unit_axis1", draw(RNG, 2, 4, 3), {}, lambda x, w, _: unit(x, 1))
    stats = {"mean": draw(RNG, 4), "variance": draw(RNG, 4).abs()}
    case("normalization", draw(RNG, 5, 4), {}, lambda x, w, s: (x - s["mean"]) / torch.sqrt(s["variance"]), stats)
    case("normalization_invert", draw(RNG, 5, 4), {}, lambda x, w, s: x * torch.sqrt(s["variance"]) + s["mean"], stats)

    case("prelu", draw(RNG, 3, 4), {"alpha": draw(RNG, 4)}, prelu)
    case("prelu_shared", draw(RNG, 2, 3, 2, 4), {"alpha": draw(RNG, 1, 1, 4)}, prelu)

    pair = [draw(RNG, 3, 4), draw(RNG, 3, 4)]
    three = pair + [draw(RNG, 3, 4)]
    case("add", three, {}, lambda a, b, c, w, _: a + b + c)
    case("add_broadcast", [draw(RNG, 3, 2, 4), draw(RNG, 3, 1, 4)], {}, lambda a, b, w, _: a + b)
    case("subtract", pair, {}, lambda a, b, w, _: a - b)
    case("multiply", three, {}, lambda a, b, c, w, _: a * b * c)
    case("average", three, {}, lambda a, b, c, w, _: (a + b + c) / 3)
    case("maximum", three, {}, lambda a, b, c, w, _: torch.maximum(torch.maximum(a, b), c))
    case("minimum", three, {}, lambda a, b, c, w, _: torch.minimum(torch.minimum(a, b), c))
    case("concatenate", [draw(RNG, 3, 2), draw(RNG, 3, 4)], {}, lambda a, b, w, _: torch.cat([a, b], -1))
    case("concatenate_axis1", [draw(RNG, 3, 2, 4), draw(RNG, 3, 1, 4)], {}, lambda a, b, w, _: torch.cat([a, b], 1))
    case("dot", pair, {}, lambda a, b, w, _: (a * b).sum(1, keepdim=True))
    case("dot_cosine", pair, {}, lambda a, b, w, _: F.cosine_similarity(a, b, 1).unsqueeze(1))
    case("dot_rank3", [draw(RNG, 3, 4, 2), draw(RNG, 3, 5, 4)], {}, lambda a, b, w, _: torch.einsum("bni,bjn->bij", a, b))

    x = draw(RNG, 2, 4, 6) * 3
    case("softmax", x, {}, lambda x, w, _: torch.softmax(x, -1))
    case("softmax_axis1", x, {}, lambda x, w, _: torch.softmax(x, 1))
    case("log_softmax", x, {}, lambda x, w, _: torch.log_softmax(x, -1))
    case("log_softmax_axis1", x, {}, lambda x, w, _: torch.log_softmax(x, 1))
    case("glu", x, {}, lambda x, w, _: F.glu(x, -1))
    case("glu_axis1", x, {}, lambda x, w, _: F.glu(x, 1))
    case("activity", x, {}, lambda x, w, _: (x + 0, (0.1 * x.abs().sum() + 0.2 * (x ** 2).sum()) / 2, {}))
    case("square", x, {}, lambda x, w, _: x ** 2)
    case("flatten", x, {}, lambda x, w, _: x.reshape(2, 24))
    case("reshape", x, {}, lambda x, w, _: x.reshape(2, 3, 8))

    weights = gamma_beta(3)
    mean, var = torch.zeros(3), torch.ones(3)
    for k, v in weights.items():
        emit("bn_steps.w." + k, v)
    for i in range(3):
        x = draw(RNG, 2, 3, 4, 3)
        y, _, after = batch_norm()(x, weights, {"moving_mean": mean, "moving_variance": var})
        mean, var = after["moving_mean"], after["moving_variance"]
        emit(f"bn_steps.x{i}", x)
        emit(f"bn_steps.y{i}", y)
        emit(f"bn_steps.mean{i}", mean)
        emit(f"bn_steps.variance{i}", var)
    emit("bn_steps.inference", batch_norm(training=False)(x, weights, {"moving_mean": mean, "moving_variance": var})[0])


if __name__ == "__main__":
    main()
