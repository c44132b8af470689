"""Oracle for the rows of optimizers and their transforms: 30-step float64 trajectories.

    python3 optimizers.py > optimizers.txt

The updates are written out below by Keras 3's formulas. Where torch.optim has the same formula, or has it for an
epsilon of 0, the run is repeated with torch and compared. Not so NAdam: torch 1.13 multiplies by mu once too often.
"""
import numpy as np
import torch

from trajectories import emit, header

STEPS = 30


# The problem: a matrix and a vector whose gradients are functions of both.

def start():
    rng = np.random.RandomState(5)
    return {"w": np.round(rng.uniform(-1, 1, (4, 3)) * 256) / 256, "b": np.round(rng.uniform(-1, 1, 3) * 256) / 256}


def gradients(v, np_=np):
    return {"w": np_.sin(3 * v["w"]) + 0.3 * v["w"] + v["b"], "b": np_.cos(2 * v["b"]) + v["w"].sum(0)}


# Optimizers. Each is made once per variable: (hyperparameters) -> step(v, g, lr, t), with t counted from 1.

def sgd(momentum=0.0, nesterov=False):
    m = 0.0

    def step(v, g, lr, t):
        nonlocal m
        m = momentum * m - lr * g
        return v + (momentum * m - lr * g if nesterov else m)
    return step


def rmsprop(rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    s = a = m = 0.0

    def step(v, g, lr, t):
        nonlocal s, a, m
        s = rho * s + (1 - rho) * g * g
        a = rho * a + (1 - rho) * g
        m = momentum * m + lr * g / np.sqrt(s - (a * a if centered else 0) + epsilon)
        return v - m
    return step


def adam(beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    m = s = top = 0.0

    def step(v, g, lr, t):
        nonlocal m, s, top
        m = beta_1 * m + (1 - beta_1) * g
        s = beta_2 * s + (1 - beta_2) * g * g
        top = np.maximum(top, s) if amsgrad else s
        alpha = lr * np.sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t)
        return v - alpha * m / (np.sqrt(top) + epsilon)
    return step


def adadelta(rho=0.95, epsilon=1e-7):
    a = d = 0.0

    def step(v, g, lr, t):
        nonlocal a, d
        a = rho * a + (1 - rho) * g * g
        delta = -np.sqrt(d + epsilon) / np.sqrt(a + epsilon) * g
        d = rho * d + (1 - rho) * delta * delta
        return v + lr * delta
    return step


def adagrad(initial_accumulator_value=0.1, epsilon=1e-7):
    a = initial_accumulator_value

    def step(v, g, lr, t):
        nonlocal a
        a = a + g * g
        return v - lr * g / np.sqrt(a + epsilon)
    return step


def adamax(beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = u = 0.0

    def step(v, g, lr, t):
        nonlocal m, u
        m = beta_1 * m + (1 - beta_1) * g
        u = np.maximum(beta_2 * u, abs(g))
        return v - lr * m / ((1 - beta_1 ** t) * (u + epsilon))
    return step


def nadam(beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = s = 0.0
    product = 1.0

    def step(v, g, lr, t):
        nonlocal m, s, product
        now, ahead = (beta_1 * (1 - 0.5 * 0.96 ** k) for k in (t, t + 1))
        product = product * now
        m = beta_1 * m + (1 - beta_1) * g
        s = beta_2 * s + (1 - beta_2) * g * g
        m_hat = ahead * m / (1 - product * ahead) + (1 - now) * g / (1 - product)
        return v - lr * m_hat / (np.sqrt(s / (1 - beta_2 ** t)) + epsilon)
    return step


def ftrl(power=-0.5, initial=0.1, l1=0.0, l2=0.0, shrinkage=0.0, beta=0.0):
    n, z = initial, 0.0

    def step(v, g, lr, t):
        nonlocal n, z
        strength = l2 + beta / (2 * lr)
        new = n + g * g
        z = z + g + 2 * shrinkage * v - (new ** -power - n ** -power) / lr * v
        n = new
        return (np.clip(z, -l1, l1) - z) / (new ** -power / lr + 2 * strength)
    return step


def lion(beta_1=0.9, beta_2=0.99):
    m = 0.0

    def step(v, g, lr, t):
        nonlocal m
        direction = np.sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g
        return v - lr * direction
    return step


def lamb(beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = s = 0.0

    def step(v, g, lr, t):
        nonlocal m, s
        m = beta_1 * m + (1 - beta_1) * g
        s = beta_2 * s + (1 - beta_2) * g * g
        u = m / (1 - beta_1 ** t) / (np.sqrt(s / (1 - beta_2 ** t)) + epsilon)
        norm_v, norm_u = np.sqrt((v * v).sum()), np.sqrt((u * u).sum())
        return v - lr * (norm_v / norm_u if norm_v > 0 and norm_u > 0 else 1.0) * u
    return step


def adafactor(beta_2_decay=-0.8, epsilon_1=1e-30, epsilon_2=1e-3, clip_threshold=1.0, relative_step=True):
    r = c = s = 0.0

    def rms(x):
        return np.sqrt((x * x).mean())

    def step(v, g, lr, t):
        nonlocal r, c, s
        if relative_step:
            lr = min(lr, 1 / np.sqrt(t))
        rho = min(lr, 1 / np.sqrt(t))
        alpha = max(epsilon_2, rms(v)) * rho
        square = g * g + epsilon_1
        beta = 1 - t ** beta_2_decay
        if v.ndim >= 2:
            r = beta * r + (1 - beta) * square.mean(-1)
            c = beta * c + (1 - beta) * square.mean(-2)
            s = np.expand_dims(r / r.mean(-1, keepdims=True), -1) * np.expand_dims(c, -2)
        else:
            s = beta * s + (1 - beta) * square
        u = g / np.sqrt(s)
        return v - alpha * u / max(1.0, rms(u) / clip_threshold)
    return step


def muon(momentum=0.95, ns_steps=5, nesterov=True, rms_rate=0.2, beta_1=0.9, beta_2=0.999, epsilon=1e-7,
         adam_lr_ratio=1.0, only_adam=False):
    m = 0.0
    by_adam = adam(beta_1, beta_2, epsilon)

    def orthogonal(x):
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / (np.linalg.norm(x) + 1e-7)
        for _ in range(ns_steps):
            a = x @ x.T
            x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
        return x.T if tall else x

    def step(v, g, lr, t):
        nonlocal m
        if v.ndim != 2 or only_adam:
            return by_adam(v, g, lr * adam_lr_ratio, t)
        m = m + g + m * (momentum - 1)
        u = orthogonal(g + momentum * m if nesterov else m)
        return v - lr * u * (1 if rms_rate is None else np.sqrt(max(v.shape)) * rms_rate)
    return step


def schedule_free_adamw(beta_1=0.9, beta_2=0.999, epsilon=1e-8, warmup_steps=0):
    z, s = None, 0.0

    def begin(v):
        nonlocal z
        z = v

    def step(v, g, lr, t):
        nonlocal z, s
        if warmup_steps:
            lr = lr * min(t / warmup_steps, 1.0)
        old = z
        s = beta_2 * s + (1 - beta_2) * g * g
        z = old - lr * g / (np.sqrt(s / (1 - beta_2 ** t)) + epsilon)
        x = (v - (1 - beta_1) * old) / beta_1
        x = (1 - 1 / t) * x + 1 / t * z
        step.x = x
        return (1 - beta_1) * z + beta_1 * x
    step.begin = begin
    return step


def exponential(initial, decay_steps, decay_rate):
    return lambda step: initial * decay_rate ** (step / decay_steps)


def clip_norm(c):
    def clip(grads):
        return {k: g * c / max(np.sqrt((g * g).sum()), c) for k, g in grads.items()}
    return clip


def clip_global_norm(c):
    def clip(grads):
        norm = np.sqrt(sum((g * g).sum() for g in grads.values()))
        return {k: g * c * min(1 / norm, 1 / c) for k, g in grads.items()}
    return clip


def clip_value(c):
    return lambda grads: {k: np.clip(g, -c, c) for k, g in grads.items()}


def run(rules, lr, clip=lambda grads: grads, decay=None, ema=None, overwrite=None, accumulate=1, flush=False,
        after=lambda v: v, steps=STEPS):
    """Keras' order: accumulate, clip, decay, update, average, constrain, count. Averages and constraints follow updates,
    not steps; what is left over is an update at the rate of the last step."""
    rates = {k: (r if callable(r) else (lambda step, r=r: r)) for k, r in lr.items()}
    decay = decay or {}
    values, averages = start(), {k: 0.0 for k in ("w", "b")}
    sums, pending = {k: 0.0 for k in values}, 0
    for k, rule in rules.items():
        getattr(rule, "begin", lambda v: None)(values[k])

    def change(values, grads, i):
        grads, t = clip(grads), -(-(i + 1) // accumulate)
        out = {}
        for k, v in values.items():
            rate = rates[k](i)
            v = v - v * decay.get(k, 0.0) * rate
            out[k] = rules[k](v, grads[k], rate, t)
        return out

    def finish(values, i):
        t = -(-(i + 1) // accumulate) - 1
        for k in values:
            if ema is not None:
                m = ema if t else 0.0
                averages[k] = m * averages[k] + (1 - m) * values[k]
                if overwrite and (t + 1) % overwrite == 0:
                    values[k] = averages[k]
        return {k: after(v) for k, v in values.items()}

    for i in range(steps):
        grads = gradients(values)
        sums = {k: sums[k] + grads[k] for k in values}
        pending += 1
        if pending == accumulate:
            values = finish(change(values, {k: s / accumulate for k, s in sums.items()}, i), i)
            sums, pending = {k: 0.0 for k in values}, 0
    if flush and pending:
        values = finish(change(values, {k: s / pending for k, s in sums.items()}, i), i)
    return values, averages


def by_torch(make, epsilon_of=None):
    values = {k: torch.tensor(v, requires_grad=True) for k, v in start().items()}
    optimizer = make(list(values.values()))
    for i in range(STEPS):
        if epsilon_of:
            optimizer.param_groups[0]["eps"] = epsilon_of(i + 1)
        for k, g in gradients({k: v.detach() for k, v in values.items()}, torch).items():
            values[k].grad = g
        optimizer.step()
    return {k: v.detach().numpy() for k, v in values.items()}


def both(rule, lr, **more):
    return dict(rules=lambda: {"w": rule(), "b": rule()}, lr={"w": lr, "b": lr}, **more)


FAST = dict(beta_1=0.5, beta_2=0.7, epsilon=0.01)
FTRL = dict(power=-0.7, initial=0.3, l1=0.05, l2=0.02, shrinkage=0.03, beta=0.1)
CASES = {
    "sgd": both(sgd, 0.01),
    "sgd_momentum": both(lambda: sgd(0.9), 0.01),
    "sgd_nesterov": both(lambda: sgd(0.9, True), 0.01),
    "rmsprop": both(rmsprop, 0.001),
    "rmsprop_momentum": both(lambda: rmsprop(momentum=0.9), 0.005),
    "rmsprop_centered": both(lambda: rmsprop(0.8, 0.5, 1e-3, True), 0.01),
    "adam": both(adam, 0.001),
    "adam_amsgrad": both(lambda: adam(**FAST, amsgrad=True), 0.05),
    "adamw": both(adam, 0.001, decay={"w": 0.004, "b": 0.004}),
    "adamw_excluded": both(lambda: adam(**FAST), 0.05, decay={"w": 0.3}),
    "adadelta": both(adadelta, 0.001),
    "adadelta_paper": both(lambda: adadelta(0.8, 1e-3), 1.0),
    "adagrad": both(adagrad, 0.001),
    "adagrad_other": both(lambda: adagrad(0.5, 0.1), 0.1),
    "adamax": both(adamax, 0.001),
    "adamax_fast": both(lambda: adamax(**FAST), 0.05),
    "nadam": both(nadam, 0.001),
    "nadam_fast": both(lambda: nadam(**FAST), 0.05),
    "ftrl": both(ftrl, 0.001),
    "ftrl_regularized": both(lambda: ftrl(**FTRL), 0.1),
    "lion": both(lion, 0.001),
    "lion_fast": both(lambda: lion(0.5, 0.7), 0.01),
    "lamb": both(lamb, 0.001),
    "lamb_fast": both(lambda: lamb(**FAST), 0.05),
    "adafactor": both(adafactor, 0.001),
    "adafactor_relative": both(adafactor, 0.5),
    "adafactor_fixed": both(lambda: adafactor(-0.5, 1e-2, 0.7, 0.5, False), exponential(0.1, 10, 0.5)),
    "muon": both(muon, 0.001, decay={"w": 0.004, "b": 0.004}),
    "muon_other": both(lambda: muon(0.8, 3, False, None, 0.5, 0.7, 0.01, 0.5), 0.05, decay={"w": 0.1, "b": 0.1}),
    "muon_excluded": both(lambda: muon(only_adam=True), 0.01, decay={"w": 0.004, "b": 0.004}),
    "schedule_free_adamw": both(schedule_free_adamw, 0.0025),
    "schedule_free_adamw_warmup": both(lambda: schedule_free_adamw(0.7, 0.8, 0.01, 7), 0.05),
    "schedule_free_adamw_decay": both(schedule_free_adamw, 0.0025, decay={"w": 10.0, "b": 10.0}),
    "clip_norm": both(sgd, 0.05, clip=clip_norm(1.5)),
    "clip_global_norm": both(sgd, 0.05, clip=clip_global_norm(2.0)),
    "clip_value": both(sgd, 0.05, clip=clip_value(0.5)),
    "weight_decay": both(lambda: sgd(0.9), 0.01, decay={"w": 0.5, "b": 0.5}),
    "weight_decay_excluded": both(lambda: sgd(0.9), 0.01, decay={"w": 0.5}),
    "ema": both(sgd, 0.05, ema=0.9),
    "ema_overwrite": both(sgd, 0.05, ema=0.9, overwrite=4),
    "accumulate": both(adam, 0.01, accumulate=4),
    "accumulate_flushed": both(nadam, 0.01, accumulate=4, flush=True),
    "after_update": both(sgd, 0.05, after=lambda v: np.clip(v, -0.5, 0.5)),
    "all": both(adam, exponential(0.1, 10, 0.5), clip=clip_global_norm(2.0), decay={"w": 0.3}, ema=0.8, overwrite=3,
                accumulate=2, after=lambda v: np.clip(v, -0.5, 0.5)),
    "by_variable": dict(rules=lambda: {"w": muon(), "b": sgd(0.9)}, lr={"w": 0.02, "b": exponential(0.1, 10, 0.5)},
                        decay={"w": 0.004}, clip=clip_global_norm(2.0), accumulate=3),
}

# The same formula in torch; given as (case to compare, or rule with an epsilon of 0 and its learning rate), optimizer.
O = torch.optim
TORCH = [
    ("sgd", lambda p: O.SGD(p, 0.01)),
    ("sgd_momentum", lambda p: O.SGD(p, 0.01, momentum=0.9)),
    ("sgd_nesterov", lambda p: O.SGD(p, 0.01, momentum=0.9, nesterov=True)),
    (both(lambda: rmsprop(epsilon=0), 0.001), lambda p: O.RMSprop(p, 0.001, alpha=0.9, eps=0)),
    (both(lambda: rmsprop(0.8, 0.5, 0), 0.01), lambda p: O.RMSprop(p, 0.01, alpha=0.8, eps=0, momentum=0.5)),
    (both(lambda: adam(epsilon=0), 0.001), lambda p: O.Adam(p, 0.001, eps=0)),
    (both(lambda: adam(epsilon=0), 0.001, decay={"w": 0.004, "b": 0.004}),
     lambda p: O.AdamW(p, 0.001, eps=0, weight_decay=0.004)),
    ("adadelta", lambda p: O.Adadelta(p, 0.001, rho=0.95, eps=1e-7)),
    ("adadelta_paper", lambda p: O.Adadelta(p, 1.0, rho=0.8, eps=1e-3)),
    (both(lambda: adagrad(0.1, 0), 0.001), lambda p: O.Adagrad(p, 0.001, initial_accumulator_value=0.1, eps=0)),
    (both(lambda: adamax(epsilon=0), 0.001), lambda p: O.Adamax(p, 0.001, eps=0)),
]


def figures(case):
    case = dict(case)
    rules = case.pop("rules")()
    return run(rules, **case) + (rules,)


ABOUT = f"""
w is a matrix, b a vector; their gradients are sin(3 w) + 0.3 w + b and cos(2 b) + (sum of the rows of w).
  start.w, start.b            where each run begins
  CASE.w, CASE.b              after {STEPS} steps; what each case is stands in the script
  CASE.average.w, .b          the moving averages, or the x of schedule-free runs
"""


def main():
    header("optimizers.py", ABOUT)
    for case, make in TORCH:
        values, _, _ = figures(CASES[case] if isinstance(case, str) else case)
        other = by_torch(make)
        for k in values:
            assert np.allclose(values[k], other[k], rtol=0, atol=1e-12), (case, k, values[k] - other[k])
    for k, v in start().items():
        emit("start." + k, v)
    for name, case in CASES.items():
        values, averages, rules = figures(case)
        for k, v in values.items():
            assert np.isfinite(v).all() and abs(v - start()[k]).max() > 1e-6, (name, k)
            emit(f"{name}.{k}", v)
            if "ema" in case:
                emit(f"{name}.average.{k}", averages[k])
            if name.startswith("schedule_free"):
                emit(f"{name}.average.{k}", rules[k].x)


if __name__ == "__main__":
    main()
