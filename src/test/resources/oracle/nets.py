"""Oracle for the gradients of whole nets: loss and gradients of a float64 training pass by torch.autograd.

    /usr/bin/python3 nets.py > nets.txt
"""
import numpy as np
import torch
import torch.nn.functional as F

from sequences import gru_step, lstm_step, torchs
from trajectories import draw, emit, header

# Weights in the order of model.trainableVariables(), laid out as in Keras: kernels [in, out] and [h, w, in, out].


def dense(x, w):
    return x @ w["kernel"] + w.get("bias", 0)


def conv(x, w, padding):
    """x [n, h, w, c]."""
    y = F.conv2d(x.permute(0, 3, 1, 2), w["kernel"].permute(3, 2, 0, 1), w["bias"], padding=padding)
    return y.permute(0, 2, 3, 1)


def max_pool(x):
    return F.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)


def batch_norm(x, w):
    return F.batch_norm(x, None, None, w["gamma"], w["beta"], training=True, eps=1e-3)


def layer_norm(x, w):
    return F.layer_norm(x, x.shape[-1:], w["gamma"], w["beta"], eps=1e-3)


def recurrent(step, x, w):
    """By PyTorch's own kernels, the states of all steps."""
    return torchs(step, x, **w)[0]


def kernel(*shape, bias=True):
    return {"kernel": shape, **({"bias": shape[-1:]} if bias else {})}


def norm(size):
    return {"gamma": (size,), "beta": (size,)}


def gates(number, features, units, *bias):
    return {"kernel": (features, number * units), "recurrent_kernel": (units, number * units),
            "bias": (*bias, number * units)}


def numbers(*shape):
    return lambda rng: draw(rng, *shape)


def ids(end, *shape):
    return lambda rng: torch.from_numpy(rng.integers(0, end, shape))


def cnn(x, w):
    x = max_pool(torch.relu(conv(x, w[0], "same")))
    x = torch.tanh(conv(x, w[1], "valid"))
    x = torch.relu(conv(x, w[2], "same"))
    return dense(x.flatten(1), w[3])


def batch_norm_net(x, w):
    x = torch.relu(batch_norm(dense(x, w[0]), w[1]))
    x = torch.tanh(batch_norm(dense(x, w[2]), w[3]))
    return dense(x, w[4])


def attention(x, w):
    q, k, v = (dense(x, part) for part in w[:3])
    weights = torch.softmax(q @ k.transpose(1, 2) / 2, dim=-1)
    x = layer_norm(x + weights @ v, w[3])
    x = x + dense(F.gelu(dense(x, w[4])), w[5])
    return dense(x.mean(1), w[6])


def gru(x, w):
    x = recurrent(gru_step, F.embedding(x, w[0]["embeddings"]), w[1])
    return dense(recurrent(gru_step, x, w[2])[:, -1], w[3])


def lstm(x, w):
    return dense(recurrent(lstm_step, recurrent(lstm_step, x, w[0]), w[1])[:, -1], w[2])


NETS = {
    "cnn": (cnn, numbers(4, 8, 8, 2),
            [kernel(3, 3, 2, 4), kernel(3, 3, 4, 5), kernel(2, 2, 5, 3), kernel(12, 3)]),
    "batch_norm": (batch_norm_net, numbers(8, 5),
                   [kernel(5, 6, bias=False), norm(6), kernel(6, 4), norm(4), kernel(4, 3)]),
    "attention": (attention, numbers(3, 5, 4),
                  [kernel(4, 4), kernel(4, 4), kernel(4, 4), norm(4), kernel(4, 8), kernel(8, 4), kernel(4, 3)]),
    "gru": (gru, ids(9, 4, 6),
            [{"embeddings": (9, 4)}, gates(3, 4, 5, 2), gates(3, 5, 4, 2), kernel(4, 3)]),
    "lstm": (lstm, numbers(4, 6, 3), [gates(4, 3, 5), gates(4, 5, 4), kernel(4, 3)]),
}


def main():
    header("nets.py", """\
Arrays: NET/x, NET/labels, NET/loss (softmax cross-entropy, mean over the batch), and for the weights in the order of
the layers NET/NUMBER/weight and NET/NUMBER/gradient.""")
    for number, (name, (net, draw_input, specs)) in enumerate(NETS.items()):
        rng = np.random.default_rng(100 + number)
        x = draw_input(rng)
        labels = torch.from_numpy(rng.integers(0, 3, len(x)))
        weights = [{key: draw(rng, *size).requires_grad_() for key, size in spec.items()} for spec in specs]
        loss = F.cross_entropy(net(x, weights), labels)
        loss.backward()
        emit(f"{name}/x", x)
        emit(f"{name}/labels", labels)
        emit(f"{name}/loss", loss)
        for i, weight in enumerate(w for layer in weights for w in layer.values()):
            emit(f"{name}/{i}/weight", weight)
            emit(f"{name}/{i}/gradient", weight.grad)


if __name__ == "__main__":
    main()
