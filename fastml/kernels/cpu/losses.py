"""Losses of boosting: gradients and hessians with regard to raw predictions, and the losses themselves.

Raw predictions are float64 of shape (n_outputs, n_samples); gradients and hessians are float32, in pairs.
"""

import numpy as np

from ..._threads import for_each_block
from .._compile import float32, float64, int64, kernel
from ._elementary import exponential, logarithm
from ._grower_state import LEFT, START, STOP, VALUE
from ._quantiles import interpolate, quantile_positions
from ._select import values_at

__all__ = ["LOSSES", "gradients", "probabilities", "quantile_of", "renew_leaves"]

SQUARED_ERROR, ABSOLUTE_ERROR, QUANTILE, POISSON, GAMMA, BINOMIAL, MULTINOMIAL = range(7)
LOSSES = {
    "squared_error": SQUARED_ERROR,
    "absolute_error": ABSOLUTE_ERROR,
    "quantile": QUANTILE,
    "poisson": POISSON,
    "gamma": GAMMA,
    "binomial": BINOMIAL,
    "multinomial": MULTINOMIAL,
}
ROWS = 4096  # of a block
CHUNK = 64  # rows whose exponentials are kept at a time


@kernel(fastmath={"reassoc", "contract", "nsz"})  # losses are summed in vector lanes
def gradients_of_errors(
    y: float64[:],  # IN (n_samples,)
    raw: float64[:],  # IN (n_samples,)
    weight: float64[:],  # IN (n_samples,) or (0,) for ones
    loss: int64,
    quantile: float64,
    gradients_out: float32[:],  # OUT (2 n_samples,) or (0,) if only the loss is wanted
    start: int64,
    stop: int64,
) -> float64:  # the sum of the losses
    """Losses whose second derivative is taken to be one."""
    total = 0.0
    for i in range(start, stop):
        w = weight[i] if weight.shape[0] > 0 else 1.0
        error = raw[i] - y[i]
        if loss == SQUARED_ERROR:
            g = error
            value = 0.5 * error * error
        elif loss == ABSOLUTE_ERROR:
            g = 1.0 if error > 0.0 else -1.0
            value = abs(error)
        else:
            g = -quantile if error <= 0.0 else 1.0 - quantile
            value = g * error
        total += w * value
        if gradients_out.shape[0] > 0:
            gradients_out[2 * i] = w * g
            gradients_out[2 * i + 1] = w
    return total


@kernel(fastmath={"reassoc", "contract", "nsz"})  # losses are summed in vector lanes
def gradients_of_deviances(
    y: float64[:],  # IN (n_samples,)
    raw: float64[:],  # IN (n_samples,)
    weight: float64[:],  # IN (n_samples,) or (0,) for ones
    loss: int64,
    gradients_out: float32[:],  # OUT (2 n_samples,) or (0,) if only the loss is wanted
    wants_loss: int64,
    start: int64,
    stop: int64,
) -> float64:  # the sum of the losses
    """Losses with a logarithm for a link, or the logit."""
    total = 0.0
    for i in range(start, stop):
        w = weight[i] if weight.shape[0] > 0 else 1.0
        x, target = raw[i], y[i]
        if loss == POISSON:
            h = exponential(x)
            g = h - target
            value = h - target * x
        elif loss == GAMMA:
            h = target * exponential(-x)
            g = 1.0 - h
            value = x + h
        else:
            e = exponential(-abs(x))
            p = (1.0 if x >= 0.0 else e) / (1.0 + e)
            # 1 - p would lose the digits of a p that is nearly 1.
            q = (e if x >= 0.0 else 1.0) / (1.0 + e)
            g = (1.0 - target) * p - target * q
            h = p * q
            value = (logarithm(1.0 + e) if wants_loss else 0.0) + max(x, 0.0) - target * x
        total += w * value
        if gradients_out.shape[0] > 0:
            gradients_out[2 * i] = w * g
            gradients_out[2 * i + 1] = w * h
    return total


@kernel(fastmath={"reassoc", "contract", "nsz"})  # losses are summed in vector lanes
def gradients_of_multinomial(
    y: float64[:],  # IN (n_samples,) the class
    raw: float64[:, :],  # IN (n_classes, n_samples)
    weight: float64[:],  # IN (n_samples,) or (0,) for ones
    gradients_out: float32[:, :],  # OUT (n_classes, 2 n_samples) or (n_classes, 0)
    exps_work: float64[:, :],  # WORK (n_classes + 2, CHUNK)
    start: int64,
    stop: int64,
) -> float64:  # the sum of the losses
    n_classes = raw.shape[0]
    total = 0.0
    for first in range(start, stop, CHUNK):
        n = min(CHUNK, stop - first)
        largest, sums = n_classes, n_classes + 1
        for i in range(n):
            exps_work[largest, i] = raw[0, first + i]
            exps_work[sums, i] = 0.0
        for k in range(1, n_classes):
            for i in range(n):
                exps_work[largest, i] = max(exps_work[largest, i], raw[k, first + i])
        for k in range(n_classes):
            for i in range(n):
                exps_work[k, i] = exponential(raw[k, first + i] - exps_work[largest, i])
                exps_work[sums, i] += exps_work[k, i]
        for i in range(n):
            w = weight[first + i] if weight.shape[0] > 0 else 1.0
            own = raw[int64(y[first + i]), first + i]
            total += w * (logarithm(exps_work[sums, i]) + exps_work[largest, i] - own)
        if gradients_out.shape[1] > 0:
            for k in range(n_classes):
                for i in range(n):
                    w = weight[first + i] if weight.shape[0] > 0 else 1.0
                    p = exps_work[k, i] / exps_work[sums, i]
                    gradients_out[k, 2 * (first + i)] = w * (p - (1.0 if y[first + i] == k else 0.0))
                    gradients_out[k, 2 * (first + i) + 1] = w * p * (1.0 - p)
    return total


@kernel
def share_out(
    raw: float64[:, :],  # IN (n_outputs, n_samples)
    probabilities_out: float64[:, :],  # OUT (n_samples, n_classes)
    start: int64,
    stop: int64,
):
    if raw.shape[0] == 1:
        for i in range(start, stop):
            x = raw[0, i]
            e = exponential(-abs(x))
            probabilities_out[i, 0] = (e if x >= 0.0 else 1.0) / (1.0 + e)
            probabilities_out[i, 1] = (1.0 if x >= 0.0 else e) / (1.0 + e)
        return
    for i in range(start, stop):
        largest = raw[0, i]
        for k in range(1, raw.shape[0]):
            largest = max(largest, raw[k, i])
        total = 0.0
        for k in range(raw.shape[0]):
            e = exponential(raw[k, i] - largest)
            probabilities_out[i, k] = e
            total += e
        for k in range(raw.shape[0]):
            probabilities_out[i, k] /= total


def gradients(loss, y, raw, sample_weight, gradients_out, *, quantile=0.5, wants_loss=True):
    """Compute gradients and hessians of a loss, and its sum.

    Parameters
    ----------
    loss : str
        One of `LOSSES`.
    y : float64 array of shape (n_samples,)
        Targets; 0 and 1 for "binomial", the class for "multinomial".
    raw : float64 array of shape (n_outputs, n_samples)
        Raw predictions: of a log-odds for "binomial", a logarithm for "poisson" and "gamma".
    sample_weight : float64 array of shape (n_samples,) or None
        Weights; None means ones.
    gradients_out : float32 array of shape (n_outputs, n_samples, 2) or None
        Receives gradient and hessian, times the weight. None if only the loss is wanted.
    quantile : float, default=0.5
        Of the loss "quantile".
    wants_loss : bool, default=True
        Whether the sum is of interest; without, it may be anything.

    Returns
    -------
    total : float
        Sum of weight times loss, without terms that do not depend on the prediction.
    """
    n_outputs, n = raw.shape
    weight = np.empty(0) if sample_weight is None else sample_weight
    flat = np.empty((n_outputs, 0), np.float32)
    if gradients_out is not None:
        flat = gradients_out.reshape(n_outputs, -1)
    parts, code = [0.0] * -(-n // ROWS), LOSSES[loss]

    def task(block, start, stop):
        if code == MULTINOMIAL:
            work = np.empty((n_outputs + 2, CHUNK))
            parts[block] = gradients_of_multinomial(y, raw, weight, flat, work, start, stop)
        elif code >= POISSON:
            parts[block] = gradients_of_deviances(
                y, raw[0], weight, code, flat[0], int(wants_loss), start, stop
            )
        else:
            parts[block] = gradients_of_errors(y, raw[0], weight, code, quantile, flat[0], start, stop)

    for_each_block(task, n, ROWS, work=(2.0 if code < POISSON else 20.0) * raw.size)
    return sum(parts)


def probabilities(raw):
    """Compute the probabilities of classes.

    Parameters
    ----------
    raw : float64 array of shape (n_outputs, n_samples)
        Raw predictions of "multinomial", or the one of "binomial".

    Returns
    -------
    probabilities : float64 array of shape (n_samples, n_classes)
        They sum to one.
    """
    n_outputs, n = raw.shape
    raw, out = np.ascontiguousarray(raw), np.empty((n, max(n_outputs, 2)))

    def task(block, start, stop):
        share_out(raw, out, start, stop)

    for_each_block(task, n, ROWS, work=20.0 * out.size)
    return out


def renew_leaves(tree, y, raw, sample_weight, quantile, factor):
    """Set the leaves' values to what minimises the absolute or the quantile loss.

    Parameters
    ----------
    tree : Tree
        The last one that its grower has grown; its values are changed.
    y : float64 array of shape (n_samples,)
        Targets.
    raw : float64 array of shape (n_samples,)
        Predictions without the tree.
    sample_weight : float64 array of shape (n_samples,) or None
        Weights; None means ones.
    quantile : float
        Which quantile of the residuals; 0.5 for the absolute error.
    factor : float
        What the quantiles are multiplied by.
    """
    leaves = np.flatnonzero(tree.nodes[:, LEFT] < 0)

    def renew(_, start, stop):
        for leaf in leaves[start:stop]:
            rows = slice(None)
            if len(leaves) > 1:
                rows = tree.rows[tree.nodes[leaf, START] : tree.nodes[leaf, STOP]]
            weight = None if sample_weight is None else sample_weight[rows]
            tree.stats[leaf, VALUE] = factor * quantile_of(y[rows] - raw[rows], weight, quantile)

    for_each_block(renew, len(leaves), 1, work=20.0 * len(y))


def quantile_of(values, weights, quantile):
    """Compute a quantile; with weights the smallest value at which enough of the weight is reached.

    Parameters
    ----------
    values : float64 array of shape (n,)
        They may be reordered.
    weights : float64 array of shape (n,) or None
        Weights; None means ones, and interpolation between two values.
    quantile : float
        In [0, 1].

    Returns
    -------
    value : float
        The quantile.
    """
    if weights is None:
        below, above, part = quantile_positions(len(values), [quantile])
        low, high = values_at(values, below, above, np.empty_like(values))
        return interpolate(low, high, part)[0]
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    wanted = quantile * total[-1]
    wanted = np.nextafter(wanted, 1) if wanted == 0 else wanted
    return values[order[min(np.searchsorted(total, wanted), len(values) - 1)]]
