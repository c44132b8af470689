"""Oracle for the optimizer tests: 20-step float64 training trajectories.

    python3 trajectories.py > trajectories.txt

Gradients come from torch.autograd; the updates are written out below by Keras 3's formulas, because
torch.optim's Adam puts epsilon elsewhere. Every run is also checked against torch.optim (see torch_optim).
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

STEPS = 20

FORMAT = """\
Format: one array a line, fields separated by one space: NAME SHAPE VALUE...
  SHAPE   sizes joined by 'x' (4x3; a vector is just 8), or 'scalar' for one value
  VALUE   row-major (last axis fastest), Python repr: the shortest text that parses back to the same float64;
          labels and other whole-number arrays are written without a point
  NAME    unique in the file, no spaces; lines starting with '#' and empty lines are to be skipped
Inputs and initial weights are multiples of 1/256, so they are the same numbers in float32 and float64.
Kernels are [in, out] as in Keras: y = x . kernel + bias."""


def header(script, about):
    text = (f"Made by {script}, torch {torch.__version__}, numpy {np.__version__}. Do not edit: run the script.\n"
            f"Another torch or BLAS may differ in the last digit or two.\n{FORMAT}\n{about}")
    print("\n".join(("# " + line).rstrip() for line in text.splitlines()))


def emit(name, value):
    a = value.detach().numpy() if torch.is_tensor(value) else np.asarray(value)
    shape = "x".join(map(str, a.shape)) or "scalar"
    print(name, shape, *map(repr, a.ravel().tolist()))


def draw(rng, *shape):
    """Uniform in [-1, 1], on the 1/256 grid."""
    return torch.from_numpy(np.round(rng.uniform(-1, 1, shape) * 256) / 256)


# Losses, as Keras reduces them by default ("sum_over_batch_size").
LOSSES = {
    "scce": lambda y, data: F.cross_entropy(y, data["labels"]),  # mean over the 8 examples
    "mse": lambda y, data: F.mse_loss(y, data["targets"]),       # mean over all 8 * 3 elements
}


# Optimizers. Each is made once per variable: (hyperparameters) -> step(v, g, lr, t), with t counted from 1.

def sgd(momentum=0.0, nesterov=False):
    m = 0.0

    def step(v, g, lr, t):
        nonlocal m
        m = momentum * m - lr * g
        return v + (momentum * m - lr * g if nesterov else m)
    return step


def adam(beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    m = v2 = top = torch.zeros(())

    def step(v, g, lr, t):
        nonlocal m, v2, top
        m = beta_1 * m + (1 - beta_1) * g
        v2 = beta_2 * v2 + (1 - beta_2) * g * g
        top = torch.maximum(top, v2) if amsgrad else v2
        # "epsilon hat": the bias correction is in alpha, and epsilon is added to the uncorrected root.
        alpha = lr * math.sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)
        return v - alpha * m / (torch.sqrt(top) + epsilon)
    return step


def constant(lr):
    return lambda step: lr


def exponential(lr, decay_steps, decay_rate):
    """Keras evaluates the schedule at the iterations done so far: 0 on the first step."""
    return lambda step: lr * decay_rate ** (step / decay_steps)


FAST = dict(beta_1=0.5, beta_2=0.5, epsilon=0.01)
OPTIMIZERS = {  # name -> (rule, its hyperparameters, learning rate at each step)
    "sgd": (sgd, {}, constant(0.05)),
    "sgd_momentum": (sgd, dict(momentum=0.9), constant(0.05)),
    "sgd_nesterov": (sgd, dict(momentum=0.9, nesterov=True), constant(0.05)),
    "sgd_exponential": (sgd, {}, exponential(0.1, 5, 0.5)),
    "adam": (adam, {}, constant(0.01)),
    "adam_amsgrad": (adam, dict(amsgrad=True), constant(0.01)),
    # With beta_2 = .999 twenty steps hardly tell amsgrad from plain Adam, and epsilon = 1e-7 is lost in float32.
    # These two make a missing running maximum or a misplaced epsilon plain to see.
    "adam_fast": (adam, FAST, constant(0.05)),
    "adam_fast_amsgrad": (adam, dict(FAST, amsgrad=True), constant(0.05)),
}


def train(forward, loss, data, start, optimizer):
    """The loss before each update, and the weights after the last one."""
    rule, hyper, rate = OPTIMIZERS[optimizer]
    steppers = {name: rule(**hyper) for name in start}
    weights, losses = start, []
    for i in range(STEPS):
        weights = {k: v.detach().requires_grad_() for k, v in weights.items()}
        value = loss(forward(weights, data["x"]), data)
        grads = torch.autograd.grad(value, list(weights.values()))
        losses.append(value.item())
        with torch.no_grad():
            weights = {k: steppers[k](v, g, rate(i), i + 1) for (k, v), g in zip(weights.items(), grads)}
    return losses, weights


def torch_optim(forward, loss, data, start, optimizer):
    """The same run by torch.optim. torch's Adam adds epsilon to the corrected root, sqrt(v / (1 - beta_2^t));
    handing it epsilon / sqrt(1 - beta_2^t) at step t makes that equal to Keras's form."""
    rule, hyper, rate = OPTIMIZERS[optimizer]
    weights = {k: v.clone().requires_grad_() for k, v in start.items()}
    beta_2 = hyper.get("beta_2", 0.999)
    if rule is sgd:
        opt = torch.optim.SGD(weights.values(), lr=1.0, **hyper)
    else:
        opt = torch.optim.Adam(weights.values(), betas=(hyper.get("beta_1", 0.9), beta_2),
                               amsgrad=hyper.get("amsgrad", False))
    losses = []
    for i in range(STEPS):
        opt.param_groups[0]["lr"] = rate(i)
        if rule is adam:
            opt.param_groups[0]["eps"] = hyper.get("epsilon", 1e-7) / math.sqrt(1 - beta_2 ** (i + 1))
        opt.zero_grad()
        value = loss(forward(weights, data["x"]), data)
        value.backward()
        losses.append(value.item())
        opt.step()
    return losses, weights


def case(prefix, forward, loss, data, start, optimizer):
    losses, weights = train(forward, loss, data, start, optimizer)
    other_losses, other_weights = torch_optim(forward, loss, data, start, optimizer)
    assert np.allclose(losses, other_losses, rtol=0, atol=1e-12), prefix
    for k in weights:
        assert torch.allclose(weights[k], other_weights[k], rtol=0, atol=1e-12), (prefix, k)
    assert losses[-1] < losses[0], prefix
    print()
    emit(prefix + ".losses", losses)
    for k, v in weights.items():
        emit(f"{prefix}.{k}", v)


def dense(w, x):
    return x @ w["kernel"] + w["bias"]


def mlp(w, x):
    return torch.tanh(x @ w["kernel1"] + w["bias1"]) @ w["kernel2"] + w["bias2"]


ABOUT = f"""
Full batch of 8 at every one of {STEPS} steps, float64.
  data.x, data.labels, data.targets   the batch: inputs, class ids for scce, float targets for mse
  init.kernel, init.bias              start of Dense(4 -> 3), linear (biases start off zero on purpose)
  init.mlp.kernel1 ...                start of Dense(4 -> 5, tanh), Dense(5 -> 3)
  OPT.LOSS.losses                     loss before each update; .kernel, .bias: weights after the last update
  mlp.adam.scce.losses, .kernel1 ...  the same for the two-layer net
LOSS: scce = sparse categorical cross-entropy from logits, mse = mean squared error; both at Keras's default reduction.
OPT, by Keras 3's update rules (no clipping, no weight decay):
  sgd                lr .05
  sgd_momentum       lr .05, momentum .9
  sgd_nesterov       lr .05, momentum .9, nesterov
  sgd_exponential    ExponentialDecay(.1, decay_steps 5, decay_rate .5), not staircase;
                     the rate of each step is sgd_exponential.lrs
  adam               lr .01, beta_1 .9, beta_2 .999, epsilon 1e-7
  adam_amsgrad       the same with amsgrad
  adam_fast          lr .05, beta_1 .5, beta_2 .5, epsilon .01
  adam_fast_amsgrad  the same with amsgrad
"""


def main():
    torch.set_num_threads(1)  # one order of summation
    torch.set_default_dtype(torch.float64)
    rng = np.random.RandomState(20)
    data = {"x": draw(rng, 8, 4), "labels": torch.from_numpy(rng.randint(0, 3, 8)), "targets": draw(rng, 8, 3)}
    start = {"kernel": draw(rng, 4, 3), "bias": draw(rng, 3)}
    start2 = {"kernel1": draw(rng, 4, 5), "bias1": draw(rng, 5), "kernel2": draw(rng, 5, 3), "bias2": draw(rng, 3)}
    assert set(data["labels"].tolist()) == {0, 1, 2}

    header("trajectories.py", ABOUT)
    for k, v in data.items():
        emit("data." + k, v)
    for k, v in start.items():
        emit("init." + k, v)
    for k, v in start2.items():
        emit("init.mlp." + k, v)
    emit("sgd_exponential.lrs", [OPTIMIZERS["sgd_exponential"][2](i) for i in range(STEPS)])
    for optimizer in OPTIMIZERS:
        for name, loss in LOSSES.items():
            case(f"{optimizer}.{name}", dense, loss, data, start, optimizer)
    case("mlp.adam.scce", mlp, LOSSES["scce"], data, start2, "adam")


if __name__ == "__main__":
    main()
