"""Oracle for the rows of learning rate schedules: float64 values by Keras 3's formulas.

    python3 schedules.py > schedules.txt
"""
import math

from trajectories import emit, header

STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 14, 15, 16, 19, 20, 21, 25, 29, 30, 31, 35, 40, 69, 70, 71, 100, 149, 150,
         151, 310, 1000]


def exponential(step, initial, decay_steps, rate, staircase=False):
    p = step / decay_steps
    return initial * rate ** (math.floor(p) if staircase else p)


def piecewise(step, boundaries, values):
    return next((v for b, v in zip(boundaries, values) if step <= b), values[-1])


def polynomial(step, initial, decay_steps, end=1e-4, power=1.0, cycle=False):
    if cycle:
        decay_steps = decay_steps * (1 if step == 0 else math.ceil(step / decay_steps))
    else:
        step = min(step, decay_steps)
    return (initial - end) * (1 - step / decay_steps) ** power + end


def inverse_time(step, initial, decay_steps, rate, staircase=False):
    p = step / decay_steps
    return initial / (1 + rate * (math.floor(p) if staircase else p))


def cosine(step, initial, decay_steps, alpha=0.0, warmup_target=None, warmup_steps=0):
    if warmup_target is not None:
        if step < warmup_steps:
            return (warmup_target - initial) * step / warmup_steps + initial
        step, initial = step - warmup_steps, warmup_target
    half = 0.5 * (1 + math.cos(math.pi * min(step, decay_steps) / decay_steps))
    return initial * ((1 - alpha) * half + alpha)


def restarts(step, initial, first, t_mul=2.0, m_mul=1.0, alpha=0.0):
    """By walking through the periods: Keras' closed form with logarithms, exact in whole numbers."""
    begin, length, i = 0, first, 0
    while step >= begin + length:
        begin, length, i = begin + length, length * t_mul, i + 1
    part = (step - begin) / length
    return initial * ((1 - alpha) * 0.5 * m_mul ** i * (1 + math.cos(math.pi * part)) + alpha)


def warmed(schedule, start, steps):
    def rate(step):
        if step < steps:
            return start + (schedule(0) - start) * step / steps
        return schedule(step - steps)
    return rate


CASES = {
    "exponential": lambda s: exponential(s, 0.1, 20, 0.5),
    "staircase": lambda s: exponential(s, 0.1, 10, 0.5, True),
    "constant": lambda s: 0.03,
    "piecewise": lambda s: piecewise(s, [5, 20, 70], [0.1, 0.05, 0.2, 0.01]),
    "polynomial": lambda s: polynomial(s, 0.1, 30),
    "polynomial_power": lambda s: polynomial(s, 0.1, 70, 0.02, 0.5),
    "polynomial_cycle": lambda s: polynomial(s, 0.1, 10, 0.01, 2.0, True),
    "inverse_time": lambda s: inverse_time(s, 0.1, 10, 0.5),
    "inverse_time_staircase": lambda s: inverse_time(s, 0.1, 10, 0.5, True),
    "cosine": lambda s: cosine(s, 0.1, 100),
    "cosine_alpha": lambda s: cosine(s, 0.1, 100, 0.2),
    "cosine_warmup": lambda s: cosine(s, 0.02, 100, 0.1, 0.3, 15),
    "restarts": lambda s: restarts(s, 0.1, 10),
    "restarts_equal": lambda s: restarts(s, 0.1, 10, 1, 0.5, 0.1),
    "restarts_threefold": lambda s: restarts(s, 0.1, 1, 3, 0.9, 0.05),
    "warmup": warmed(lambda s: exponential(s, 0.1, 10, 0.5, True), 0.0, 10),
}


def main():
    header("schedules.py", "\nsteps: where the schedules are evaluated; the others: the rates there.\n")
    emit("steps", STEPS)
    for name, schedule in CASES.items():
        emit(name, [schedule(step) for step in STEPS])


if __name__ == "__main__":
    main()
