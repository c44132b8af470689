"""Oracle for the losses: values, reductions with and without weights and masks, and gradients, in float64.

    python3 losses.py > losses.txt

The formulas are Keras 3's (keras/src/losses), written out in torch; gradients come from torch.autograd. Where torch has
the loss, its own function is asserted to agree.
"""
import numpy as np
import torch
import torch.nn.functional as F

from trajectories import draw, emit, header

EPSILON = 1e-7

ABOUT = """
One case for each row of the table of losses:
  CASE.target, CASE.prediction  what the loss is given
  CASE.weight, CASE.mask        sample weights and the mask; absent where a loss takes none
  CASE.values                   the value of each sample
  CASE.losses                   for no weights and no mask, weights, mask, both: reduced by sum_over_batch_size, by sum, and
                                by mean_with_sample_weight; the first three only where there are no weights
  CASE.gradient                 of the first of these with respect to the predictions
  CASE.gradient_both            of the one by sum_over_batch_size with weights and mask"""


def clip(x, low=EPSILON, high=1 - EPSILON):
    return torch.clamp(x, low, high)


def mean_of(points):
    """The mean over the last axis; predictions [batch] are one element each."""
    return lambda y, p: points(y.reshape(p.shape), p).mean(-1) if p.ndim > 1 else points(y.reshape(p.shape), p)


# Each gives [batch, ...] values.

def percentage(y, p):
    return 100 * (y - p).abs() / torch.clamp(y.abs(), min=EPSILON)


def logarithmic(y, p):
    return (torch.log(torch.clamp(p, min=EPSILON) + 1) - torch.log(torch.clamp(y, min=EPSILON) + 1)) ** 2


def huber(delta):
    def points(y, p):
        error = (p - y).abs()
        return torch.where(error <= delta, error ** 2 / 2, delta * error - delta ** 2 / 2)
    return points


def log_cosh(y, p):
    return torch.log(torch.cosh(p - y))


def poisson(y, p):
    return p - y * torch.log(p + EPSILON)


def signs(y):
    return 2 * y - 1 if bool(((y == 0) | (y == 1)).all()) else y


def hinge(y, p):
    return torch.clamp(1 - signs(y) * p, min=0)


def bce(logits, smoothing=0.0):
    def points(y, p):
        y = y * (1 - smoothing) + smoothing / 2
        if logits:
            return F.binary_cross_entropy_with_logits(p, y, reduction="none")
        p = clip(p)
        return -(y * torch.log(p) + (1 - y) * torch.log(1 - p))
    return points


def binary_focal(logits, balance=None, gamma=2.0, smoothing=0.0):
    def points(y, p):
        y = y * (1 - smoothing) + smoothing / 2
        p = torch.sigmoid(p) if logits else p
        right = y * p + (1 - y) * (1 - p)
        loss = (1 - right) ** gamma * bce(False)(y, p)
        return loss if balance is None else (y * balance + (1 - y) * (1 - balance)) * loss
    return points


def cce(logits, smoothing=0.0, axis=-1):
    def values(y, p):
        y = y * (1 - smoothing) + smoothing / p.shape[axis]
        if logits:
            return -(y * F.log_softmax(p, axis)).sum(axis)
        return -(y * torch.log(clip(p / p.sum(axis, keepdim=True)))).sum(axis)
    return values


def categorical_focal(logits, alpha=0.25, gamma=2.0, smoothing=0.0, axis=-1):
    def values(y, p):
        y = y * (1 - smoothing) + smoothing / p.shape[axis]
        p = F.softmax(p, axis) if logits else p
        p = clip(p / p.sum(axis, keepdim=True))
        return ((1 - p) ** gamma * torch.tensor(alpha) * -y * torch.log(p)).sum(axis)
    return values


def sparse(logits, ignore=None):
    def values(y, p):
        scores = p if logits else torch.log(clip(p))
        labels = y.reshape(p.shape[:-1])
        known = labels if ignore is None else torch.where(labels == ignore, 0, labels)
        loss = -torch.gather(F.log_softmax(scores, -1), -1, known[..., None])[..., 0]
        return loss if ignore is None else (torch.where(labels == ignore, 0.0, loss), (labels != ignore).double())
    return values


def generalized(q):
    return lambda y, p: (1 - torch.gather(p, -1, y[..., None])[..., 0] ** q) / q


def kl(y, p):
    y, p = clip(y, high=1), clip(p, high=1)
    return (y * torch.log(y / p)).sum(-1)


def cosine(axis):
    def unit(x):
        return x * torch.clamp(1 / torch.sqrt((x ** 2).sum(axis, keepdim=True)), max=1 / EPSILON)
    return lambda y, p: -(unit(y) * unit(p)).sum(axis)


def categorical_hinge(y, p):
    return torch.clamp(((1 - y) * p).amax(-1) - (y * p).sum(-1) + 1, min=0)


def dice(axis):
    def values(y, p):
        over = axis or tuple(range(p.ndim))
        return 1 - 2 * (y * p).sum(over) / (y.sum(over) + p.sum(over) + EPSILON)
    return values


def tversky(alpha, beta, axis=None):
    def values(y, p):
        over = axis or tuple(range(p.ndim))
        both = (y * p).sum(over)
        return 1 - both / (both + alpha * ((1 - p) * y).sum(over) + beta * (p * (1 - y)).sum(over) + EPSILON)
    return values


def circle(gamma, margin, remove_diagonal, partners=None):
    def values(y, p):
        distance = torch.clamp(1 - p @ p.T, min=0)
        same = y[:, None] == y[None, :]
        positive = same & ~torch.eye(len(y), dtype=torch.bool) if remove_diagonal else same
        together = -gamma * torch.clamp(margin + distance, min=0) * (margin - distance)
        apart = gamma * torch.clamp(1 + margin - distance, min=0) * (1 - margin - distance)
        # A number where Keras has -inf, whose gradient is NaN.
        counts = torch.ones(len(y), dtype=torch.bool) if partners is None else partners.bool()
        sums = [torch.logsumexp(torch.where(mask & counts, logit, -1e30), 1)
                for mask, logit in ((positive, together), (~same, apart))]
        loss = F.softplus(sums[0] + sums[1])
        return loss, (loss > 0).double().detach()
    return values


def ctc(y, p):
    samples, steps = p.shape[:2]
    return F.ctc_loss(F.log_softmax(p, -1).transpose(0, 1), y, torch.full((samples,), steps), (y != 0).sum(-1),
                      reduction="none")


def reduced(values, own, weight, mask, reduction):
    """keras/src/losses/loss.py, with weights spread over the values of a sample before they are summed."""
    def spread(x):
        return x.double().reshape(x.shape + (1,) * (values.ndim - x.ndim)).expand(values.shape)
    mask = None if mask is None else spread(mask)
    if own is not None:
        mask = own if mask is None else mask * own
    if mask is not None and reduction == "sum_over_batch_size":
        mask = mask * mask.numel() / mask.sum()
    weight = None if weight is None else spread(weight)
    if mask is not None:
        weight = mask if weight is None else weight * mask
    weighted = values if weight is None else values * weight
    if reduction == "sum":
        return weighted.sum()
    if reduction == "mean_with_sample_weight" and weight is not None:
        return weighted.sum() / weight.sum()
    return weighted.sum() / values.numel()


REDUCTIONS = "sum_over_batch_size", "sum", "mean_with_sample_weight"


def case(name, loss, target, prediction, rng, weight_rank=None, without=None):
    """without: of a loss whose values depend on all samples, it by a mask of those that are there."""
    p = prediction.clone().requires_grad_()
    result = loss(target, p)
    values, own = result if isinstance(result, tuple) else (result, None)

    print()
    emit(name + ".target", target)
    emit(name + ".prediction", prediction)
    emit(name + ".values", values)
    pairs = [(None, None)]
    if values.ndim:
        shape = values.shape[:weight_rank]
        weight = draw(rng, *shape) + 1
        mask = torch.from_numpy(rng.randint(0, 2, shape))
        mask.view(-1)[0], mask.view(-1)[1] = 0, 1
        emit(name + ".weight", weight)
        emit(name + ".mask", mask)
        pairs += [(weight, None), (None, mask), (weight, mask)]
    losses = []
    for weight, mask in pairs:
        kept, kept_own = (values, own) if without is None or mask is None else without(mask)(target, p)
        losses.append([reduced(kept, kept_own, weight, mask, reduction) for reduction in REDUCTIONS])
    emit(name + ".losses", torch.stack([loss for row in losses for loss in row]))
    emit(name + ".gradient", torch.autograd.grad(losses[0][0], p, retain_graph=True)[0])
    if values.ndim:
        emit(name + ".gradient_both", torch.autograd.grad(losses[-1][0], p)[0])


def probabilities(rng, *shape):
    """In [1/256, 255/256]."""
    return torch.from_numpy(np.round(rng.uniform(1, 255, shape)) / 256)


def embeddings(rng, *shape):
    """Of length about 1."""
    return torch.round(192 * draw(rng, *shape)) / 256


def one_hot(rng, classes, *shape):
    return F.one_hot(torch.from_numpy(rng.randint(0, classes, shape)), classes)


def regressions(rng):
    for suffix, target, prediction in (("1", (5,), (5,)), ("column", (5,), (5, 1)), ("2", (4, 3), (4, 3)),
                                       ("3", (2, 3, 4), (2, 3, 4))):
        case("mse." + suffix, mean_of(lambda y, p: (y - p) ** 2), draw(rng, *target), draw(rng, *prediction), rng)
    case("mse.by_sample", mean_of(lambda y, p: (y - p) ** 2), draw(rng, 3, 2, 4), draw(rng, 3, 2, 4), rng, 1)
    shape = 2, 3, 4
    case("mae", mean_of(lambda y, p: (y - p).abs()), draw(rng, *shape), draw(rng, *shape), rng)
    case("mape", mean_of(percentage), 3 * draw(rng, *shape) + 4, draw(rng, *shape), rng)
    case("msle", mean_of(logarithmic), 4 * draw(rng, *shape), 4 * draw(rng, *shape), rng)
    case("huber", mean_of(huber(1.0)), 2 * draw(rng, *shape), 2 * draw(rng, *shape), rng)
    case("huber.delta", mean_of(huber(0.25)), draw(rng, *shape), draw(rng, *shape), rng)
    case("log_cosh", mean_of(log_cosh), 4 * draw(rng, *shape), 4 * draw(rng, *shape), rng)
    counts = torch.from_numpy(rng.randint(0, 6, shape))
    case("poisson", mean_of(poisson), counts, 3 * probabilities(rng, *shape), rng)
    case("cosine", cosine(-1), draw(rng, *shape), draw(rng, *shape), rng)
    case("cosine.axis", cosine(1), draw(rng, *shape), draw(rng, *shape), rng)
    labels = torch.from_numpy(rng.randint(0, 2, shape))
    for name, points in (("hinge", hinge), ("squared_hinge", lambda y, p: hinge(y, p) ** 2)):
        case(name, mean_of(points), labels, 2 * draw(rng, *shape), rng)
        case(name + ".signs", mean_of(points), 2 * labels - 1, 2 * draw(rng, *shape), rng)
    case("categorical_hinge", categorical_hinge, one_hot(rng, 4, 2, 3), draw(rng, *shape), rng)


def crossentropies(rng):
    shape = 2, 3, 4
    yes = torch.from_numpy(rng.randint(0, 2, shape))
    p = probabilities(rng, *shape)
    p.view(-1)[3] = 0
    p[yes == 1][2] = 1
    x = 5 * draw(rng, *shape)
    case("bce", mean_of(bce(False)), yes, p, rng)
    case("bce.logits", mean_of(bce(True)), yes.double(), x, rng)
    case("bce.logits.column", mean_of(bce(True)), yes.double()[0, :, 0], x[0, :, :1], rng)
    case("bce.smooth", mean_of(bce(False, 0.125)), yes, probabilities(rng, *shape), rng)
    case("bce.logits.smooth", mean_of(bce(True, 0.125)), yes.double(), x, rng)
    case("bce.axis", lambda y, p: bce(False)(y, p).mean(1), yes, probabilities(rng, *shape), rng)
    case("binary_focal", mean_of(binary_focal(False)), yes, p, rng)
    case("binary_focal.logits", mean_of(binary_focal(True)), yes, x, rng)
    case("binary_focal.balanced", mean_of(binary_focal(True, 0.75, 1.5, 0.125)), yes, x, rng)

    classes = one_hot(rng, 4, 2, 3).double()
    q = probabilities(rng, *shape)
    case("cce", cce(False), classes, q, rng)
    case("cce.2", cce(False), classes[0], q[0], rng)
    case("cce.logits", cce(True), classes, x, rng)
    case("cce.logits.2", cce(True), classes[1], x[1], rng)
    case("cce.smooth", cce(False, 0.25), classes, q, rng)
    case("cce.logits.smooth.axis", cce(True, 0.25, 1), classes.transpose(1, 2), x.transpose(1, 2), rng)
    case("cce.axis", cce(False, 0, 1), classes.transpose(1, 2), q.transpose(1, 2), rng)
    case("categorical_focal", categorical_focal(False), classes, q, rng)
    case("categorical_focal.logits", categorical_focal(True), classes, x, rng)
    case("categorical_focal.alphas", categorical_focal(False, [0.25, 0.5, 1.0, 0.125], 1.5, 0.125), classes, q, rng)
    case("categorical_focal.axis", categorical_focal(True, axis=1), classes.transpose(1, 2), x.transpose(1, 2), rng)

    labels = torch.from_numpy(rng.randint(0, 4, (2, 3)))
    q[0, 0, 1] = 0
    case("scce.2", sparse(False), labels[0], q[0], rng)
    case("scce", sparse(False), labels, q, rng)
    case("scce.logits", sparse(True), labels, x, rng)
    case("scce.logits.column", sparse(True), labels[1][:, None], x[1], rng)
    case("scce.logits.by_sample", sparse(True), labels, x, rng, 1)
    ignored = labels.clone()
    ignored[1, 1] = 255
    case("scce.ignore", sparse(False, 255), ignored, q, rng)
    ignored = torch.from_numpy(np.array([3, -1, 0, -1, 2]))
    case("scce.logits.ignore", sparse(True, -1), ignored, 3 * draw(rng, 5, 4), rng)
    case("generalized", generalized(0.5), labels, probabilities(rng, *shape), rng)
    case("generalized.q", generalized(0.125), labels, probabilities(rng, *shape), rng)
    case("kl", kl, probabilities(rng, *shape), p, rng)


def others(rng):
    yes = torch.from_numpy(rng.randint(0, 2, (2, 3, 2, 2)))
    p = probabilities(rng, 2, 3, 2, 2)
    case("dice", dice(None), yes, p, rng)
    case("dice.axis", dice((1, 2, 3)), yes, p, rng)
    case("tversky", tversky(0.5, 0.5), yes, p, rng)
    case("tversky.axis", tversky(0.75, 0.25, (1, 2)), yes, p, rng)
    labels = torch.from_numpy(np.array([0, 1, 0, 2, 1, 0]))  # the only 2 has no partner
    for name, settings in (("circle", (80, 0.4, True)), ("circle.diagonal", (4, 0.25, False))):
        case(name, circle(*settings), labels, embeddings(rng, 6, 3), rng,
             without=lambda mask, settings=settings: circle(*settings, mask))
    sequences = torch.from_numpy(np.array([[1, 2, 2], [3, 0, 0], [2, 1, 0]]))
    case("ctc", ctc, sequences, 2 * draw(rng, 3, 6, 4), rng)


def check():
    """Keras' formulas against torch's own functions."""
    rng = np.random.RandomState(1)
    y, x = draw(rng, 4, 3), 3 * draw(rng, 4, 3)
    labels = torch.from_numpy(rng.randint(0, 3, 4))
    pairs = [
        (huber(0.5)(y, x), F.huber_loss(x, y, reduction="none", delta=0.5)),
        (poisson(y, x.abs() + 1), F.poisson_nll_loss(x.abs() + 1, y, log_input=False, reduction="none", eps=EPSILON)),
        (cce(True)(F.one_hot(labels, 3), x), F.cross_entropy(x, labels, reduction="none")),
        (cce(True, 0.2)(F.one_hot(labels, 3), x), F.cross_entropy(x, labels, reduction="none", label_smoothing=0.2)),
        (bce(False)(y.abs(), torch.sigmoid(x)), F.binary_cross_entropy_with_logits(x, y.abs(), reduction="none")),
        (cosine(-1)(y, x), -F.cosine_similarity(x, y, dim=-1)),
        (kl(F.softmax(y, -1), F.softmax(x, -1)),
         F.kl_div(F.log_softmax(x, -1), F.softmax(y, -1), reduction="none").sum(-1)),
    ]
    for ours, theirs in pairs:
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-12)


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    check()
    header("losses.py", ABOUT)
    rng = np.random.RandomState(22)
    regressions(rng)
    crossentropies(rng)
    others(rng)


if __name__ == "__main__":
    main()
