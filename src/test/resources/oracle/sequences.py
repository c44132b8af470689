"""Oracle for the layers over series: outputs and gradients from PyTorch.

    python3 sequences.py > sequences.txt

Weights are shaped and ordered as in Keras; the mapping to PyTorch's is in here. PyTorch's own kernels give the recurrent
layers without masks and the attention; the loops over steps that masks need are checked against them.
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True  # keep __pycache__ out of the resources folder
from trajectories import draw, emit, header

ABOUT = """
For each CASE: CASE.x the input (CASE.x0, CASE.x1, ... if there are several), CASE.w.NAME the weights, CASE.y the output,
CASE.loss = sum(CASE.f * CASE.y), and the gradients of the loss, CASE.dx and CASE.d.NAME. Of x, masked steps are zeros."""

rng = np.random.default_rng(31)
SERIES = (2, 5, 3)
UNITS = 4
MASK = torch.tensor([[True, True, True, False, False], [False, True, False, True, True]])


def case(name, function, xs, weights, ids=False):
    """Weights are given by shape, their names with '.' written as '__'. function(inputs, **weights) gives y."""
    several = isinstance(xs, list)
    xs = [x if torch.is_tensor(x) else draw(rng, *x) for x in (xs if several else [xs])]
    leaves = {key: draw(rng, *shape).requires_grad_() for key, shape in weights.items()}
    inputs = xs if ids else [x.requires_grad_() for x in xs]
    y = function(*inputs, **leaves)
    f = draw(rng, *y.shape)
    loss = (f * y).sum()
    loss.backward()
    for i, x in enumerate(inputs):
        number = i if several else ""
        emit(f"{name}.x{number}", x)
        if not ids:
            emit(f"{name}.dx{number}", x.grad)
    for key, leaf in leaves.items():
        emit(f"{name}.w.{key.replace('__', '.')}", leaf)
        emit(f"{name}.d.{key.replace('__', '.')}", leaf.grad)
    emit(f"{name}.f", f)
    emit(f"{name}.y", y)
    emit(f"{name}.loss", loss)


def hard_sigmoid(x):
    return F.relu6(x + 3) / 6  # F.hardsigmoid has 1/6 as a float32 in its gradient


# Steps by their formulas, for masks and other activations.

def simple_step(a, b, state, act=torch.tanh, gate=None):
    return [act(a + b)]


def gru_step(a, b, state, act=torch.tanh, gate=torch.sigmoid):
    (az, ar, ac), (bz, br, bc) = a.chunk(3, -1), b.chunk(3, -1)
    z = gate(az + bz)
    return [z * state[0] + (1 - z) * act(ac + gate(ar + br) * bc)]


def lstm_step(a, b, state, act=torch.tanh, gate=torch.sigmoid):
    i, f, g, o = (a + b).chunk(4, -1)
    c = gate(f) * state[1] + gate(i) * act(g)
    return [gate(o) * act(c), c]


def loop(step, x, kernel, recurrent_kernel, bias=None, state=None, mask=None, backwards=False, **options):
    states = 2 if step is lstm_step else 1
    state = state or [torch.zeros(len(x), len(recurrent_kernel), dtype=x.dtype)] * states
    bias = torch.zeros(1, kernel.shape[1], dtype=x.dtype) if bias is None else bias.reshape(-1, kernel.shape[1])
    second = bias[1] if len(bias) == 2 else 0
    ys = []
    for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
        after = step(x[:, t] @ kernel + bias[0], state[0] @ recurrent_kernel + second, state, **options)
        state = after if mask is None else [torch.where(mask[:, t, None], n, o) for n, o in zip(after, state)]
        ys.append(state[0])
    return torch.stack(ys, 1), state


# The same by PyTorch's kernels.

def torchs(step, x, kernel, recurrent_kernel, bias, state=None, backwards=False):
    def rows(m):
        """Columns as rows; z, r, c of the GRU as r, z, c."""
        z, r, c = m.chunk(3, -1) if step is gru_step else (m, m, m)
        return (torch.cat([r, z, c], -1) if step is gru_step else m).transpose(0, -1)
    bias = bias.reshape(-1, kernel.shape[1])
    second = bias[1] if len(bias) == 2 else torch.zeros_like(bias[0])
    state = state or [torch.zeros(len(x), len(recurrent_kernel), dtype=x.dtype)] * 2
    params = [rows(kernel), rows(recurrent_kernel), rows(bias[0]), rows(second)]
    rest = (params, True, 1, 0.0, False, False, True)
    x = x.flip(1) if backwards else x
    if step is lstm_step:
        ys, h, c = torch._VF.lstm(x, (state[0][None], state[1][None]), *rest)
        last = [h[0], c[0]]
    else:
        ys, h = (torch._VF.gru if step is gru_step else torch._VF.rnn_tanh)(x, state[0][None], *rest)
        last = [h[0]]
    looped, state_looped = loop(step, x, kernel, recurrent_kernel, bias, state)
    assert torch.allclose(ys, looped, rtol=1e-12) and all(map(torch.allclose, last, state_looped))
    return ys, last


def shapes(step, prefix="", features=3, bias=True):
    gates = {simple_step: 1, gru_step: 3, lstm_step: 4}[step]
    all = {"kernel": (features, gates * UNITS), "recurrent_kernel": (UNITS, gates * UNITS)}
    if bias:
        all["bias"] = (2, gates * UNITS) if step is gru_step else (gates * UNITS,)
    return {prefix + key: shape for key, shape in all.items()}


def part(weights, prefix):
    return {key[len(prefix):]: w for key, w in weights.items() if key.startswith(prefix)}


def masked_series():
    return draw(rng, *SERIES) * MASK[..., None]


def recurrent():
    for name, step in ("simple_rnn", simple_step), ("gru", gru_step), ("lstm", lstm_step):
        case(name, lambda x, **w: torchs(step, x, **w)[0][:, -1], SERIES, shapes(step))
        case(name + "_sequences", lambda x, **w: torchs(step, x, **w)[0], SERIES, shapes(step))
        case(name + "_backwards", lambda x, **w: torchs(step, x, backwards=True, **w)[0], SERIES, shapes(step))
        case(name + "_no_bias", lambda x, **w: loop(step, x, **w)[0], SERIES, shapes(step, bias=False))
        case(name + "_activations", lambda x, **w: loop(step, x, act=F.softsign, gate=hard_sigmoid, **w)[0], SERIES,
             shapes(step))

        def masked(x, backwards=False, **w):
            return loop(step, x * MASK[..., None], mask=MASK, backwards=backwards, **part(w, name + "__"))[0]
        case(name + "_masked", masked, masked_series(), shapes(step, name + "__"))
        case(name + "_masked_backwards", lambda x, **w: masked(x, True, **w), masked_series(), shapes(step, name + "__"))
        case(name + "_masked_last", lambda x, **w: masked(x, **w)[:, -1], masked_series(), shapes(step, name + "__"))

        def states(x, *state, **w):
            ys, last = torchs(step, x, state=list(state), **w)
            return torch.cat([ys[:, -1], *last], 1)
        case(name + "_states", states, [SERIES] + [(2, UNITS)] * (2 if step is lstm_step else 1), shapes(step))

    def embedded(ids, embedding__embeddings, **w):
        long = ids.long()
        return loop(gru_step, embedding__embeddings[long], mask=long != 0, **part(w, "gru__"))[0][:, -1]
    ids = torch.tensor([[3, 1, 5, 0, 0], [2, 6, 0, 0, 0]])
    case("embedding_gru", embedded, ids, {"embedding__embeddings": (7, 3), **shapes(gru_step, "gru__")}, ids=True)


def bidirectional():
    def both(step, x, mask=None, **w):
        there, _ = loop(step, x, mask=mask, **part(w, "forward__"))
        back, _ = loop(step, x, mask=mask, backwards=True, **part(w, "backward__"))
        return there, back

    def weights(step, prefix=""):
        return {**shapes(step, prefix + "forward__"), **shapes(step, prefix + "backward__")}
    case("bidirectional", lambda x, **w: torch.cat([y[:, -1] for y in both(gru_step, x, **w)], -1), SERIES,
         weights(gru_step))
    merges = {"concat": lambda a, b: torch.cat([a, b], -1), "sum": torch.add, "mul": torch.mul,
              "ave": lambda a, b: (a + b) / 2}
    for mode, merge in merges.items():
        def sequences(x, **w):
            there, back = both(lstm_step, x, **w)
            return merge(there, back.flip(1))
        case("bidirectional_" + mode, sequences, SERIES, weights(lstm_step))

    def masked(x, **w):
        there, back = both(gru_step, x * MASK[..., None], MASK, **part(w, "bidirectional__"))
        return torch.cat([there, back.flip(1)], -1) * MASK[..., None]
    case("bidirectional_masked", masked, masked_series(), weights(gru_step, "bidirectional__"))


def attention(q, v, k, allowed=None, **w):
    """Keras' formula; allowed is [batch or 1, queries, steps]. A query that may attend to nothing attends to all alike."""
    def project(x, name):
        return torch.einsum("btd,dhk->bhtk", x, w[name + "__kernel"]) + w.get(name + "__bias", torch.zeros(1, 1))[:, None]
    q, k, v = project(q, "query"), project(k, "key"), project(v, "value")
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    if allowed is not None:
        scores = scores.masked_fill(~allowed[:, None], -1e300)
    mixed = scores.softmax(-1) @ v
    return torch.einsum("bhtv,hvo->bto", mixed, w["attention_output__kernel"]) + w.get("attention_output__bias", 0)


def torchs_attention(q, v, k, allowed=None, **w):
    """The same by PyTorch, which has one size for the query and for all heads together."""
    flat = {key: value.reshape(len(value), -1) if key.endswith("kernel") else value.reshape(-1)
            for key, value in w.items()}
    heads = w["query__kernel"].shape[1]
    y, _ = F.multi_head_attention_forward(
        q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1), q.shape[2], heads, None,
        torch.cat([flat[key + "__bias"] for key in ("query", "key", "value")]), None, None, False, 0.0,
        w["attention_output__kernel"].reshape(-1, q.shape[2]).T, flat["attention_output__bias"], need_weights=False,
        attn_mask=None if allowed is None else ~allowed.expand(len(q), -1, -1).repeat_interleave(heads, 0),
        use_separate_proj_weight=True,
        q_proj_weight=flat["query__kernel"].T, k_proj_weight=flat["key__kernel"].T, v_proj_weight=flat["value__kernel"].T)
    assert torch.allclose(y.transpose(0, 1), attention(q, v, k, allowed, **w), rtol=1e-12)
    return y.transpose(0, 1)


def attentions():
    def weights(prefix="", query=6, key=6, value=6, heads=2, size=3, value_size=3, out=6, bias=True):
        all = {}
        for name, features, head in ("query", query, size), ("key", key, size), ("value", value, value_size):
            all[f"{prefix}{name}__kernel"] = (features, heads, head)
            if bias:
                all[f"{prefix}{name}__bias"] = (heads, head)
        all[prefix + "attention_output__kernel"] = (heads, value_size, out)
        if bias:
            all[prefix + "attention_output__bias"] = (out,)
        return all
    series = (2, 5, 6)
    causal = torch.ones(1, 5, 5, dtype=torch.bool).tril()
    case("attention", lambda x, **w: torchs_attention(x, x, x, **w), series, weights())
    case("attention_causal", lambda x, **w: torchs_attention(x, x, x, causal, **w), series, weights())

    def masked(x, allowed=MASK[:, None] & MASK[:, :, None], **w):
        x = x * MASK[..., None]
        return attention(x, x, x, allowed, **part(w, "multi_head_attention__"))
    case("attention_masked", masked, draw(rng, *series) * MASK[..., None], weights("multi_head_attention__"))
    tail = torch.tensor([[True, True, True, True, False], [True, True, False, False, False]])

    def both(x, **w):
        x = x * tail[..., None]
        return attention(x, x, x, tail[:, None] & tail[:, :, None] & causal, **part(w, "multi_head_attention__"))
    case("attention_masked_causal", both, draw(rng, *series) * tail[..., None], weights("multi_head_attention__"))
    case("attention_sizes", lambda x, **w: attention(x, x, x, **w), series,
         weights(size=2, value_size=4, out=3, bias=False))
    case("attention_cross", lambda q, v, **w: attention(q, v, v, **w), [(2, 3, 6), (2, 5, 4)], weights(key=4, value=4))
    allowed = torch.tensor([[[True, False, True, True], [True, True, False, False], [False, False, False, True]]])
    case("attention_mask", lambda q, v, k, **w: attention(q, v, k, allowed, **w), [(2, 3, 6), (2, 4, 5), (2, 4, 4)],
         weights(key=4, value=5))


def wrappers():
    case("time_distributed", lambda x, dense__kernel, dense__bias: torch.tanh(x @ dense__kernel + dense__bias),
         (2, 3, 2, 4), {"dense__kernel": (4, 3), "dense__bias": (3,)})
    case("masking", lambda x: x * MASK[..., None], masked_series(), {})
    case("masking_value", lambda x: x * MASK[..., None],
         torch.where(MASK[..., None], draw(rng, *SERIES), torch.tensor(-2.0, dtype=torch.float64)), {})


if __name__ == "__main__":
    header("sequences.py", ABOUT)
    recurrent()
    bidirectional()
    attentions()
    wrappers()
