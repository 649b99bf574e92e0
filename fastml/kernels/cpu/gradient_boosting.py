"""Losses of gradient boosting: of each sample, with their gradients, and Newton's step for each leaf."""

import math

import numpy as np

from ..._threads import for_each_block
from .._compile import float64, helper, int64, kernel

__all__ = ["LOSSES", "draw_mask", "measure_losses", "sum_leaves"]

SQUARED, ABSOLUTE, HUBER, QUANTILE, BINOMIAL, EXPONENTIAL, MULTINOMIAL = range(7)
LOSSES = {
    "squared_error": SQUARED,
    "absolute_error": ABSOLUTE,
    "huber": HUBER,
    "quantile": QUANTILE,
    "binomial": BINOMIAL,
    "exponential": EXPONENTIAL,
    "multinomial": MULTINOMIAL,
}
BLOCK_ROWS = 4096
BLOCK_SUMS = 65536  # rows whose sums are a block's


# ---- range kernels ------------------------------------------------------------------------------------
@helper
def log_one_plus_exp(x):
    """`log(1 + exp(x))`, by what is exact to rounding where x is."""
    if x <= -2.0:
        return math.log1p(math.exp(x))
    if x <= 18.0:
        return math.log(1.0 + math.exp(x))
    return x + math.exp(-x)


@helper
def two_class_loss(kind, y, raw):
    """The loss and its negative gradient."""
    if kind == EXPONENTIAL:
        loss = y * math.exp(-raw) + (1.0 - y) * math.exp(raw)
        return loss, y * math.exp(-raw) - (1.0 - y) * math.exp(raw)
    if raw <= -37.0:
        return log_one_plus_exp(raw) - y * raw, y - math.exp(raw)
    small = math.exp(-raw)
    return log_one_plus_exp(raw) - y * raw, -((1.0 - y) - y * small) / (1.0 + small)


@helper
def regression_loss(kind, parameter, y, raw):
    """The loss and its negative gradient; the parameter is Huber's delta or the quantile."""
    above = y - raw
    size = abs(above)
    if kind == SQUARED:
        return 0.5 * above * above, above
    if kind == ABSOLUTE:
        return size, 1.0 if raw <= y else -1.0
    if kind == QUANTILE:
        slope = parameter if y >= raw else parameter - 1.0
        return slope * above, slope
    if size <= parameter:
        return 0.5 * above * above, above
    return parameter * (size - 0.5 * parameter), parameter if above >= 0 else -parameter


@helper
def many_class_loss(y, raw, gradients, i):
    """The loss; write the negative gradients."""
    n_classes = raw.shape[1]
    largest = raw[i, 0]
    for k in range(1, n_classes):
        largest = max(largest, raw[i, k])
    total = 0.0
    for k in range(n_classes):
        gradients[k, i] = math.exp(raw[i, k] - largest)
        total += gradients[k, i]
    for k in range(n_classes):
        gradients[k, i] = (1.0 if y == k else 0.0) - gradients[k, i] / total
    return math.log(total) + largest - raw[i, int64(y)]


@kernel
def measure_range(
    kind: int64,
    parameter: float64,
    y: float64[:],  # IN (n_samples,)
    raw: float64[:, :],  # IN (n_samples, n_trees)
    losses_out: float64[:],  # OUT (n_samples,)
    gradients_out: float64[:, :],  # OUT (n_trees, n_samples)
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        if kind == MULTINOMIAL:
            losses_out[i] = many_class_loss(y[i], raw, gradients_out, i)
        elif kind >= BINOMIAL:
            losses_out[i], gradients_out[0, i] = two_class_loss(kind, y[i], raw[i, 0])
        else:
            losses_out[i], gradients_out[0, i] = regression_loss(kind, parameter, y[i], raw[i, 0])


@kernel
def sum_leaves_range(
    kind: int64,
    label: float64,  # IN the class of the tree, where there are many
    leaves: int64[:],  # IN (n_samples,)
    y: float64[:],  # IN (n_samples,)
    gradients: float64[:],  # IN (n_samples,) negative ones
    weight: float64[:],  # IN (n_samples,)
    sums_out: float64[:, :],  # OUT (n_nodes, 3) += weighted gradients, weighted second derivatives, weights
    start: int64,
    stop: int64,
):
    for i in range(start, stop):
        gradient, target = gradients[i], y[i]
        if kind == EXPONENTIAL:
            curvature = abs(gradient)
        else:
            if kind == MULTINOMIAL:
                target = 1.0 if y[i] == label else 0.0
            share = target - gradient
            curvature = share * (1.0 - share)
        sums_out[leaves[i], 0] += weight[i] * gradient
        sums_out[leaves[i], 1] += weight[i] * curvature
        sums_out[leaves[i], 2] += weight[i]


@kernel
def draw_mask_range(
    uniform: float64[:],  # IN (n_samples,) random numbers from 0 to 1
    mask_out: int64[:],  # OUT (n_samples,) 1 for samples that are drawn
    n_drawn: int64,
):
    n, so_far = uniform.shape[0], int64(0)
    for i in range(n):
        drawn = uniform[i] * (n - i) < n_drawn - so_far
        mask_out[i] = drawn
        so_far += drawn


# ---- launchers ----------------------------------------------------------------------------------------
def measure_losses(kind, parameter, y, raw, losses_out, gradients_out):
    """Measure the loss of each sample and its negative gradients.

    Parameters
    ----------
    kind : str
        A key of `LOSSES`.

    parameter : float
        Huber's delta, or the quantile; else of no matter.

    y : ndarray of shape (n_samples,), float64
        Targets, or numbers of classes.

    raw : ndarray of shape (n_samples, n_trees), float64
        Raw predictions, a column for each class where there are more than two.

    losses_out : ndarray of shape (n_samples,), float64
        Losses; half of the usual ones of squared errors and of two classes.

    gradients_out : ndarray of shape (n_trees, n_samples), float64
        Negative gradients by the raw predictions.

    References
    ----------
    Friedman, J. (2001). Greedy function approximation: a gradient boosting machine. Annals of Statistics 29.
    """
    number = LOSSES[kind]

    def measure(_, start, stop):
        measure_range(number, parameter, y, raw, losses_out, gradients_out, start, stop)

    for_each_block(measure, len(y), BLOCK_ROWS, work=40.0 * raw.size)


def sum_leaves(kind, label, leaves, y, gradients, weight, sums_out):
    """Sum what Newton's step needs over the samples of each leaf.

    Parameters
    ----------
    kind : str
        A key of `LOSSES`, of classification.

    label : int
        The class that the tree is of, where there are more than two.

    leaves : ndarray of shape (n_samples,), int64
        The leaf of each sample.

    y, gradients, weight : ndarray of shape (n_samples,), float64
        Numbers of classes, negative gradients, and weights.

    sums_out : ndarray of shape (n_nodes, 3), float64
        Sums of weighted gradients, of weighted second derivatives, and of weights.
    """
    number, n = LOSSES[kind], len(leaves)
    block = max(BLOCK_SUMS, 16 * len(sums_out))
    sums = np.zeros((-(-n // block), *sums_out.shape))

    def add(b, start, stop):
        sum_leaves_range(number, label, leaves, y, gradients, weight, sums[b], start, stop)

    for_each_block(add, n, block, work=10.0 * n)
    np.add.reduce(sums, axis=0, out=sums_out)


def draw_mask(uniform, n_drawn, mask_out):
    """Draw samples without replacement.

    Parameters
    ----------
    uniform : ndarray of shape (n_samples,), float64
        Random numbers from 0 to 1, a sample each.

    n_drawn : int
        How many are drawn.

    mask_out : ndarray of shape (n_samples,), int64
        1 for samples that are drawn, else 0.

    References
    ----------
    Fan, C., Muller, M., Rezucha, I. (1962). Development of sampling plans by using sequential (item by item)
    selection techniques. Journal of the American Statistical Association 57.
    """
    draw_mask_range(uniform, mask_out, n_drawn)
