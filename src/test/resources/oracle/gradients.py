"""Oracle for the gradient tests: first and second derivatives by torch.autograd in float64.

    python3 gradients.py > gradients.txt

Every figure is also checked against central differences.
"""
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True  # keep __pycache__ out of the resources folder
from trajectories import draw, emit, header

ABOUT = """
mlp.*: Dense(4 -> 6, relu), Dense(6 -> 5, tanh), Dense(5 -> 3); sparse categorical cross-entropy from logits,
mean over the 8 examples.
  mlp.x, mlp.labels, mlp.kernel1, mlp.bias1 ... mlp.bias3   inputs
  mlp.logits, mlp.loss                                      outputs
  mlp.grad.N                                                d loss / d mlp.N, for x and every kernel and bias
d2.*: the gradient-penalty pattern. h = x . W;  f = sum(h^3 * tanh(h));  g = df/dx;  p = sum(g^2).
  d2.x, d2.W           inputs
  d2.f, d2.p           f and p
  d2.df_dx, d2.df_dW   first derivatives (g is d2.df_dx)
  d2.dp_dx, d2.dp_dW   derivatives of p: they go through g, so they need second derivatives of f
"""


def logits(x, kernel1, bias1, kernel2, bias2, kernel3, bias3):
    h = torch.relu(x @ kernel1 + bias1)
    h = torch.tanh(h @ kernel2 + bias2)
    return h @ kernel3 + bias3


def f(x, W):
    # A power and a tanh under a product: mul, pow, tanh and matmul all get differentiated twice.
    h = x @ W
    return (h ** 3 * torch.tanh(h)).sum()


def penalty(x, W):
    g, = torch.autograd.grad(f(x, W), x, create_graph=True)
    return (g ** 2).sum()


def check(function, inputs, grads, h=1e-5):
    """Central differences, one element at a time."""
    for v, grad in zip(inputs, grads):
        flat = v.detach().view(-1)  # shares v's memory
        for i, exact in enumerate(grad.reshape(-1).tolist()):
            keep = flat[i].item()
            flat[i] = keep + h
            up = function(*inputs).item()
            flat[i] = keep - h
            down = function(*inputs).item()
            flat[i] = keep
            assert abs((up - down) / (2 * h) - exact) < 1e-7 * max(1, abs(exact)), (exact, (up - down) / (2 * h))


def main():
    torch.set_num_threads(1)  # one order of summation
    torch.set_default_dtype(torch.float64)
    header("gradients.py", ABOUT)
    rng = np.random.RandomState(5)

    names = ["x", "kernel1", "bias1", "kernel2", "bias2", "kernel3", "bias3"]
    shapes = [(8, 4), (4, 6), (6,), (6, 5), (5,), (5, 3), (3,)]
    inputs = [draw(rng, *s).requires_grad_() for s in shapes]
    labels = torch.from_numpy(rng.randint(0, 3, 8))
    assert set(labels.tolist()) == {0, 1, 2}
    # relu has a kink at 0: keep clear of it, with units on both sides.
    pre = inputs[0] @ inputs[1] + inputs[2]
    assert pre.abs().min() > 1e-3 and ((pre > 0).any(0) & (pre < 0).any(0)).all()

    def loss(*v):
        return F.cross_entropy(logits(*v), labels)

    grads = torch.autograd.grad(loss(*inputs), inputs)
    check(loss, inputs, grads)
    for name, v in zip(names, inputs):
        emit("mlp." + name, v)
    emit("mlp.labels", labels)
    emit("mlp.logits", logits(*inputs))
    emit("mlp.loss", loss(*inputs))
    for name, g in zip(names, grads):
        emit("mlp.grad." + name, g)

    print()
    x, W = inputs = [draw(rng, 5, 4).requires_grad_(), draw(rng, 4, 3).requires_grad_()]
    first = torch.autograd.grad(f(x, W), inputs)
    second = torch.autograd.grad(penalty(x, W), inputs)
    check(f, inputs, first)
    check(penalty, inputs, second)
    for name, v in [("x", x), ("W", W), ("f", f(x, W)), ("p", penalty(x, W)), ("df_dx", first[0]),
                    ("df_dW", first[1]), ("dp_dx", second[0]), ("dp_dW", second[1])]:
        emit("d2." + name, v)


if __name__ == "__main__":
    main()
