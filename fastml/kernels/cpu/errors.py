"""How far predictions are from the truth, summed over samples."""

import numpy as np

from ..._threads import for_each_block
from .._compile import T, float64, int64, kernel
from ._elementary import logarithm

__all__ = ["log_loss_sums", "residual_sums"]

BLOCK = 1 << 14  # values, which stay in the cache while they are converted and summed


# ---- range kernels ------------------------------------------------------------------------
@kernel(fastmath={"reassoc", "contract", "nsz"})  # sums are taken in vector lanes
def sum_residuals(
    truth: float64[:],  # IN  (n_samples,)
    predicted: float64[:],  # IN  (n_samples,)
    weights: float64[:],  # IN  (n_samples,) or (0,) for ones
    sums_out: float64[:],  # OUT (2,) of squares and of absolute values
):
    squares, sizes = 0.0, 0.0
    if weights.shape[0] > 0:
        for i in range(truth.shape[0]):
            residual = truth[i] - predicted[i]
            squares += weights[i] * (residual * residual)
            sizes += weights[i] * abs(residual)
    else:
        for i in range(truth.shape[0]):
            residual = truth[i] - predicted[i]
            squares += residual * residual
            sizes += abs(residual)
    sums_out[0], sums_out[1] = squares, sizes


@kernel
def sum_log_losses(
    probabilities: T[:, :],  # IN  (n_samples, n_classes)
    codes: int64[:],  # IN  (n_samples,) the column of the true class
    weights: float64[:],  # IN  (n_samples,) or (0,) for ones
    smallest: float64,  # probabilities are clipped to [smallest, 1 - smallest]
    sums_out: float64[:],  # OUT (2,) the loss; the largest deviation of a row's sum from 1
    start: int64,
    stop: int64,
):
    total, deviation = 0.0, 0.0
    for i in range(start, stop):
        p = min(max(float64(probabilities[i, codes[i]]), smallest), 1.0 - smallest)
        row = 0.0
        for j in range(probabilities.shape[1]):
            row += float64(probabilities[i, j])
        deviation = max(deviation, abs(row - 1.0))
        total -= (weights[i] if weights.shape[0] > 0 else 1.0) * logarithm(p)
    sums_out[0], sums_out[1] = total, deviation


# ---- launchers ---------------------------------------------------------------------------
def residual_sums(truth, predicted, weights=None):
    """Sum squares and absolute values of the residuals of each output.

    Parameters
    ----------
    truth, predicted : array of shape (n_samples, n_outputs)
        Numbers of any dtype.
    weights : float64 array of shape (n_samples,), default=None
        Weights of the samples; None means ones.

    Returns
    -------
    sums : float64 array of shape (2, n_outputs)
        Weighted sums of the squares and of the absolute values. They do not depend on the number of threads.
    """
    n_samples, n_outputs = truth.shape
    parts = np.empty((-(-n_samples // BLOCK), n_outputs, 2))
    none = np.empty(0)

    def task(block, start, stop):
        part = none if weights is None else weights[start:stop]
        for k in range(n_outputs):
            pair = (np.ascontiguousarray(a[start:stop, k], np.float64) for a in (truth, predicted))
            sum_residuals(*pair, part, parts[block, k])

    for_each_block(task, n_samples, BLOCK, work=3 * truth.size)
    return parts.sum(axis=0).T


def log_loss_sums(probabilities, codes, weights=None):
    """Sum the logarithmic loss over the samples.

    Parameters
    ----------
    probabilities : array of shape (n_samples, n_classes)
        float32 or float64; clipped to what the dtype can tell from 0 and 1.
    codes : int64 array of shape (n_samples,)
        The column of each sample's class.
    weights : float64 array of shape (n_samples,), default=None
        Weights of the samples; None means ones.

    Returns
    -------
    total : float
        The weighted sum of the losses, with the natural logarithm.
    deviation : float
        How far the sum of a sample's probabilities is from 1, at most.
    """
    block_rows = max(1, BLOCK // probabilities.shape[1])
    parts = np.empty((-(-len(codes) // block_rows), 2))
    weights = np.empty(0) if weights is None else weights
    smallest = float(np.finfo(probabilities.dtype).eps)

    def task(block, start, stop):
        sum_log_losses(probabilities, codes, weights, smallest, parts[block], start, stop)

    for_each_block(task, len(codes), block_rows, work=30 * len(codes) + probabilities.size)
    return float(parts[:, 0].sum()), float(parts[:, 1].max())
