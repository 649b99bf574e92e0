"""Losses of boosting, on CUDA: the twins of `fastml.kernels.cpu.losses`."""

import math

import numpy as np

from .._boosted import (
    ABSOLUTE_ERROR,
    DEPTH,
    GAMMA,
    LEFT,
    LOSSES,
    MULTINOMIAL,
    POISSON,
    SQUARED_ERROR,
    START,
    STOP,
    VALUE,
)
from .._cuda import BLOCK, blocks_for, cp, cuda, cuda_kernel, float32, float64, helper, int64
from .._quantiles import interpolate, quantile_positions
from ._reduce import block_sum

__all__ = ["LOSSES", "gradients", "probabilities", "quantile_of", "renew_leaves"]


# ---- kernels -----------------------------------------------------------------------------------------
@helper
def weight_of(weight, i):
    """A row's weight; 1 where there are none."""
    return weight[i] if weight.shape[0] > 0 else float64(1)


@helper
def error_terms(loss, error, quantile):
    """The loss of an error, and its derivative."""
    if loss == int64(SQUARED_ERROR):
        return float64(0.5) * error * error, error
    if loss == int64(ABSOLUTE_ERROR):
        return abs(error), float64(1) if error > float64(0) else float64(-1)
    slope = -quantile if error <= float64(0) else float64(1) - quantile
    return slope * error, slope


@helper
def deviance_terms(loss, target, x):
    """The loss of a raw prediction that is a logarithm, or log-odds, and its two derivatives."""
    if loss == int64(POISSON):
        return poisson_terms(target, x)
    if loss == int64(GAMMA):
        return gamma_terms(target, x)
    return log_odds_terms(target, x)


@helper
def poisson_terms(target, x):
    """The Poisson loss of a mean's logarithm, and its two derivatives."""
    mean = math.exp(x)
    return mean - target * x, mean - target, mean


@helper
def gamma_terms(target, x):
    """The Gamma loss of a mean's logarithm, and its two derivatives."""
    ratio = target * math.exp(-x)
    return x + ratio, float64(1) - ratio, ratio


@helper
def log_odds_terms(target, x):
    """The binomial loss of log-odds, and its two derivatives."""
    e = math.exp(-abs(x))
    p = (float64(1) if x >= float64(0) else e) / (float64(1) + e)
    # 1 - p would lose the digits of a p that is nearly 1.
    q = (e if x >= float64(0) else float64(1)) / (float64(1) + e)
    value = math.log1p(e) + max(x, float64(0)) - target * x
    return value, (float64(1) - target) * p - target * q, p * q


@cuda_kernel
def gradients_of_one(
    y: float64[:],  # IN  (n_samples,)
    raw: float64[:],  # IN  (n_samples,)
    weight: float64[:],  # IN  (n_samples,) or (0,) for ones
    loss: int64,
    quantile: float64,
    gradients_out: float32[:],  # OUT (2 n_samples,) or (0,) if only the loss is wanted
    losses_out: float64[:],  # OUT (n_blocks,) sums of the losses
):
    values = cuda.shared.array(BLOCK, float64)
    i = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    total = float64(0)
    if i < y.shape[0]:
        w, second = weight_of(weight, i), float64(1)
        if loss < int64(POISSON):
            value, first = error_terms(loss, raw[i] - y[i], quantile)
        else:
            value, first, second = deviance_terms(loss, y[i], raw[i])
        total = w * value
        if gradients_out.shape[0] > 0:
            gradients_out[int64(2) * i] = float32(w * first)
            gradients_out[int64(2) * i + int64(1)] = float32(w * second)
    total = block_sum(total, values)
    if cuda.threadIdx.x == 0:
        losses_out[cuda.blockIdx.x] = total


@cuda_kernel
def gradients_of_multinomial(
    y: float64[:],  # IN  (n_samples,) the class
    raw: float64[:, :],  # IN  (n_classes, n_samples)
    weight: float64[:],  # IN  (n_samples,) or (0,) for ones
    gradients_out: float32[:, :],  # OUT (n_classes, 2 n_samples) or (n_classes, 0)
    losses_out: float64[:],  # OUT (n_blocks,) sums of the losses
):
    values = cuda.shared.array(BLOCK, float64)
    i = int64(cuda.blockIdx.x) * int64(BLOCK) + int64(cuda.threadIdx.x)
    total = float64(0)
    if i < y.shape[0]:
        w, label = weight_of(weight, i), int64(y[i])
        largest, exps = raw[0, i], float64(0)
        for k in range(1, raw.shape[0]):
            largest = max(largest, raw[k, i])
        for k in range(raw.shape[0]):
            exps += math.exp(raw[k, i] - largest)
        total = w * (math.log(exps) + largest - raw[label, i])
        if gradients_out.shape[1] > 0:
            for k in range(raw.shape[0]):
                p = math.exp(raw[k, i] - largest) / exps
                target = float64(1) if int64(k) == label else float64(0)
                gradients_out[k, int64(2) * i] = float32(w * (p - target))
                gradients_out[k, int64(2) * i + int64(1)] = float32(w * p * (float64(1) - p))
    total = block_sum(total, values)
    if cuda.threadIdx.x == 0:
        losses_out[cuda.blockIdx.x] = total


# ---- launchers ---------------------------------------------------------------------------------------
def gradients(loss, y, raw, sample_weight, gradients_out, *, quantile=0.5, wants_loss=True):
    """See the CPU twin."""
    n_outputs, n = raw.shape
    weight = cp.empty(0, np.float64) if sample_weight is None else sample_weight
    flat = cp.empty((n_outputs, 0), np.float32)
    if gradients_out is not None:
        flat = gradients_out.reshape(n_outputs, -1)
    parts, code = cp.empty(blocks_for(n), np.float64), LOSSES[loss]
    if code == MULTINOMIAL:
        gradients_of_multinomial[(len(parts),), (BLOCK,)](y, raw, weight, flat, parts)
    else:
        quantile = np.float64(quantile)
        gradients_of_one[(len(parts),), (BLOCK,)](y, raw[0], weight, code, quantile, flat[0], parts)
    return float(parts.sum()) if wants_loss else 0.0  # the host need not wait


def probabilities(raw):
    """See the CPU twin."""
    if len(raw) == 1:
        e = cp.exp(-cp.abs(raw[0]))
        larger, smaller = 1 / (1 + e), e / (1 + e)
        positive = raw[0] >= 0
        return cp.stack([cp.where(positive, smaller, larger), cp.where(positive, larger, smaller)], axis=1)
    e = cp.exp(raw - raw.max(axis=0))
    return cp.ascontiguousarray((e / e.sum(axis=0)).T)


def renew_leaves(tree, y, raw, sample_weight, quantile, factor):
    """See the CPU twin."""
    # All leaves' residuals are sorted at once.
    leaves = np.flatnonzero(tree.nodes[:, LEFT] < 0)
    leaves = leaves[np.argsort(tree.nodes[leaves, START])]
    sizes = tree.nodes[leaves, STOP] - tree.nodes[leaves, START]
    leaf = cp.asarray(np.repeat(np.arange(len(leaves)), sizes))
    # Rows of nodes of odd depth are in the second half.
    rows = tree.rows.reshape(2, -1)[cp.asarray(tree.nodes[leaves, DEPTH] % 2)[leaf], cp.arange(len(y))]
    residuals = (y - raw)[rows]
    order = cp.lexsort(cp.stack([residuals, leaf.astype(np.float64)]))
    residuals = residuals[order]
    weight = None if sample_weight is None else sample_weight[rows][order]
    starts = np.cumsum(sizes) - sizes
    if weight is None:
        values = _quantiles(residuals, starts, sizes, quantile)
    else:
        values = [
            _weighted_quantile(residuals[at : at + size], weight[at : at + size], quantile)
            for at, size in zip(starts, sizes)
        ]
    tree.stats[leaves, VALUE] = factor * np.asarray(values)


def _quantiles(values, starts, sizes, quantile):
    """Quantiles of runs of sorted values."""
    below, above, part = quantile_positions(sizes, [quantile])
    ends = values[cp.asarray(np.stack([starts + below, starts + above]))].get()
    return interpolate(ends[0], ends[1], part)


def _weighted_quantile(values, weights, quantile):
    """The smallest of sorted values at which enough of the weight is reached."""
    total = cp.cumsum(weights)
    wanted = quantile * float(total[-1])
    wanted = np.nextafter(wanted, 1) if wanted == 0 else wanted
    at = int(cp.searchsorted(total, cp.asarray([wanted]))[0])
    return float(values[min(at, len(values) - 1)])


def quantile_of(values, weights, quantile):
    """See the CPU twin."""
    if weights is None:
        size = np.array([len(values)])
        return _quantiles(cp.sort(values), np.zeros(1, np.int64), size, quantile)[0]
    order = cp.argsort(values)
    return _weighted_quantile(values[order], weights[order], quantile)
